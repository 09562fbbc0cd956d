"""Choose the number of epochs by the gain of one more, on validation digits only.

    python -m scripts.epochs            # adds the missing rows to scripts/epochs.csv

Each number of epochs needs a training of its own, because the learning rate decays to 0 over its
length. The study uses the smallest number after which one more epoch gains less than half a point,
averaged over the arms. Transfer uses the same rule for its baseline, which trains from scratch on
one domain. No test digit is read.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path

import pandas as pd

from capsnet_study.common.seeding import numpy_generator
from capsnet_study.common.storage import read_table, write_table
from capsnet_study.common.workers import parallel_map
from capsnet_study.data.domains import in_domain, split_domains
from capsnet_study.models.spec import NetworkSpec
from capsnet_study.params import Params, load_params
from capsnet_study.training.arms import main_arm
from capsnet_study.training.params import TrainParams
from capsnet_study.training.trials import ImageSet, arm_spec
from scripts.validation import learning_and_validation, reached
from stages.command import run_command
from stages.pretrain import HIDDEN

ARMS = ("n9", "n3", "cnn")
BASES = ("base capsnet", "base cnn")
LENGTHS = (8, 6, 4, 2)  # epochs; the longest first, so that two workers end close together
FLAT = 0.005  # exact match per epoch
VALIDATION = 10_000
FOUND = Path("scripts/epochs.csv")

Sets = tuple[ImageSet, ImageSet]


def main() -> None:
    """Train what is missing, and print the gains and the chosen numbers of epochs."""
    params = load_params()
    whole = learning_and_validation(params, params.data.train_images, VALIDATION)
    networks = networks_to_train(params, whole)
    done = known()
    tasks = [
        (name, epochs, spec, params.train, *sets)
        for epochs, (name, (spec, sets)) in product(LENGTHS, networks.items())
        if (name, epochs) not in done
    ]
    rows = parallel_map(one_length, tasks)
    if rows:
        new = pd.DataFrame(rows)
        write_table(FOUND, pd.concat([read_table(FOUND), new]) if FOUND.exists() else new)
    table = read_table(FOUND)
    print(gains(table).to_string())
    for key, names in (("train.epochs", ARMS), ("transfer.epochs", BASES)):
        print(f"{key}: {flat_from(table[table['arm'].isin(names)])}")


def networks_to_train(params: Params, whole: Sets) -> dict[str, tuple[NetworkSpec, Sets]]:
    """Return by name what is trained: arms on all images, transfer baselines on one domain."""
    sizes = params.model, params.capsules
    networks = {arm: (arm_spec(params.sweep[arm], *sizes), whole) for arm in ARMS}
    (split,) = split_domains(1, numpy_generator(params.data.seed, "domains"))
    domain = tuple(part.of(in_domain(part.labels, split.a)) for part in whole)
    bases = (main_arm(params.routing), params.sweep["cnn"])
    for name, arm in zip(BASES, bases, strict=True):
        networks[name] = (arm_spec(arm, *sizes, HIDDEN), domain)
    return networks


def known() -> set[tuple[str, int]]:
    """Return the networks and numbers of epochs that were tried."""
    if not FOUND.exists():
        return set()
    table = read_table(FOUND)
    return set(zip(table["arm"], table["epochs"], strict=True))


def one_length(
    name: str,
    epochs: int,
    spec: NetworkSpec,
    train: TrainParams,
    learn: ImageSet,
    validate: ImageSet,
) -> dict[str, object]:
    """Train a network once for `epochs` epochs and return what it reached."""
    last = reached(spec, replace(train, epochs=epochs), 0, learn, validate)
    facts = {"arm": name, "epochs": epochs, "images": len(learn.labels), "seed": train.seed}
    return facts | {"exact_match": last["exact_match"], "loss": last["loss"]}


def gains(table: pd.DataFrame) -> pd.DataFrame:
    """Return the gain of each network per epoch, from each number of epochs to the next.

    >>> table = pd.DataFrame({"arm": "n3", "epochs": [2, 4], "exact_match": [0.70, 0.73]})
    >>> gains(table).round(4).loc[2, "n3"].item()
    0.015
    """
    wide = table.pivot(index="epochs", columns="arm", values="exact_match").sort_index()
    steps = pd.Series(wide.index, wide.index).diff()
    return wide.diff().div(steps, axis="index").shift(-1).dropna(how="all")


def flat_from(table: pd.DataFrame) -> int | None:
    """Return the smallest number of epochs after which one more gains too little, or None.

    >>> scores = {"epochs": [2, 4, 6, 8], "exact_match": [0.70, 0.73, 0.736, 0.738]}
    >>> flat_from(pd.DataFrame({"arm": "n3", **scores}))
    4
    """
    mean = gains(table).mean(axis=1)
    flat = [length for length in mean.index if (mean.loc[length:] < FLAT).all()]
    return min(flat, default=None)


if __name__ == "__main__":
    run_command(main)
