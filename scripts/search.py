"""The search behind `train.lr_*` and `capsules.*`: on validation digits, never on test digits.

    python -m scripts.search            # writes scripts/search.csv

Training digits are split in two: 50,000 to learn from, 10,000 to choose by; no test digit is read.
Each setting trains once on 12,000 images for two epochs and is judged on 2,000 validation images.
CapsNets are tried with one hidden capsule layer (n_iter 3 and 9) and with two (for transfer).
The setting with the highest mean exact match over its network shapes is the one in params.yaml.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pandas as pd

from capsnet_study.data import load_digits, make_multimnist
from capsnet_study.models import NetworkSpec
from capsnet_study.params import CapsuleParams, Params, TrainParams, load_params
from capsnet_study.seeding import numpy_generator
from capsnet_study.storage import write_table
from capsnet_study.trials import ImageSet, run_trial
from capsnet_study.workers import run_side_by_side

LEARNING_DIGITS = 50_000
LEARNING_IMAGES, VALIDATION_IMAGES = 12_000, 2_000
RATES = (0.001, 0.003)
GAINS = (0.5, 0.25, 1.0)
SHAPES = ((1, 3), (1, 9), (2, 3))  # hidden capsule layers, n_iter

Setting = tuple[dict[str, object], NetworkSpec, TrainParams]


def settings(params: Params) -> Iterator[Setting]:
    """Yield every setting: its facts, the network and how it is trained."""
    train = replace(params.train, epochs=2, evaluations=2)
    for lr, gain, bias, (hidden, n_iter) in product(RATES, GAINS, (True, False), SHAPES):
        if not bias and gain != GAINS[0]:
            continue
        spec = NetworkSpec(
            "capsnet",
            params.model,
            hidden,
            CapsuleParams(gain, bias),
            replace(params.routing, n_iter=n_iter),
        )
        facts = {"init_gain": gain, "bias": bias, "hidden": hidden, "n_iter": n_iter}
        yield {"kind": "capsnet", "lr": lr} | facts, spec, replace(train, lr_capsnet=lr)
    for kind, lr, hidden in product(("cnn", "cnn160"), RATES, (1, 2)):
        spec = NetworkSpec(kind, params.model, hidden)
        yield {"kind": kind, "lr": lr, "hidden": hidden}, spec, replace(train, lr_cnn=lr)


def try_setting(setting: Setting, learn: ImageSet, validate: ImageSet) -> dict[str, object]:
    """Train once and return the facts of the setting with what was reached."""
    facts, spec, train = setting
    last = run_trial(
        " ".join(f"{k}={v}" for k, v in facts.items()), spec, learn, validate, train, 0
    )
    kept = ("exact_match", "loss", "entropy_share_r1", "entropy_share_r2", "dead_share")
    return facts | {name: last.rows[-1].get(name) for name in kept}


def main() -> None:
    """Run the search and write its table, best settings first."""
    params = load_params()
    digits = load_digits("mnist", os.environ.get("MNIST_DIR", "data/raw"))
    parts = (slice(0, LEARNING_DIGITS), slice(LEARNING_DIGITS, None))
    learn, validate = (
        make_multimnist(
            digits.train_images[part],
            digits.train_labels[part],
            count,
            numpy_generator(params.data.seed, "search", count),
        )
        for part, count in zip(parts, (LEARNING_IMAGES, VALIDATION_IMAGES), strict=True)
    )
    sets = [ImageSet(part.images, part.labels) for part in (learn, validate)]
    rows = run_side_by_side(try_setting, [(setting, *sets) for setting in settings(params)])
    table = pd.DataFrame(rows).sort_values(["kind", "hidden", "exact_match"], ascending=False)
    write_table("scripts/search.csv", table)
    print(chosen(table).to_string())


def chosen(table: pd.DataFrame) -> pd.DataFrame:
    """Return the mean exact match of each setting over network shapes, best first."""
    capsnets = table[table["kind"] == "capsnet"].groupby(["lr", "init_gain", "bias"])
    cnns = table[table["kind"] != "capsnet"].assign(kind="cnn").groupby(["kind", "lr"])
    means = [group["exact_match"].mean().reset_index() for group in (capsnets, cnns)]
    return pd.concat(means).sort_values("exact_match", ascending=False, ignore_index=True)


if __name__ == "__main__":
    main()
