"""Search for `train.lr_*` and `capsules.init_gain`, on validation digits only.

    python -m scripts.search            # writes scripts/search.csv

Training digits are split into 50,000 to train on and 10,000 to validate on; no test digit is read.
Each candidate trains on 12,000 images for one epoch, with two seeds, and is evaluated on 2,000
validation images. Both families have nine candidates: CapsNets three learning rates by three
initial gains, CNNs nine learning rates. A CapsNet candidate is tried with one hidden capsule layer
(n_iter 3 and 9) and with two (for transfer), a CNN candidate with one and two hidden layers.
params.yaml has the candidate with the highest exact match, averaged over these shapes and seeds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pandas as pd

from capsnet_study.common.storage import write_table
from capsnet_study.common.workers import parallel_map
from capsnet_study.models.spec import NetworkSpec
from capsnet_study.params import Params, load_params
from capsnet_study.training.params import TrainParams
from capsnet_study.training.trials import ImageSet
from scripts.validation import learning_and_validation, reached
from stages.command import run_command

SEEDS = 2
RATES = (0.002, 0.003, 0.005)
GAINS = (0.5, 0.7, 1.0)
CNN_RATES = (0.0003, 0.0005, 0.001, 0.0015, 0.002, 0.003, 0.004, 0.005, 0.007)
SHAPES = ((1, 3), (1, 9), (2, 3))  # hidden capsule layers, n_iter

Candidate = tuple[dict[str, object], NetworkSpec, TrainParams]


def candidates(params: Params) -> Iterator[Candidate]:
    """Yield every candidate: its columns in the table, the network and how it is trained."""
    train = replace(params.train, epochs=1)
    for lr, gain, (hidden, n_iter) in product(RATES, GAINS, SHAPES):
        capsules = replace(params.capsules, init_gain=gain)
        routing = replace(params.routing, n_iter=n_iter)
        spec = NetworkSpec("capsnet", params.model, hidden, capsules, routing)
        facts = {"init_gain": gain, "hidden": hidden, "n_iter": n_iter}
        yield {"kind": "capsnet", "lr": lr} | facts, spec, replace(train, lr_capsnet=lr)
    for lr, hidden in product(CNN_RATES, (1, 2)):
        spec = NetworkSpec("cnn", params.model, hidden)
        yield {"kind": "cnn", "lr": lr, "hidden": hidden}, spec, replace(train, lr_cnn=lr)


def try_candidate(
    candidate: Candidate, trial: int, learn: ImageSet, validate: ImageSet
) -> dict[str, object]:
    """Train once and return a row of the table."""
    facts, spec, train = candidate
    last = reached(spec, train, trial, learn, validate)
    kept = ("exact_match", "loss", "entropy_share_r1", "entropy_share_r2", "dead_share")
    return facts | {"trial": trial} | {name: last.get(name) for name in kept}


def main() -> None:
    """Run the search and write its table, the best candidates first."""
    params = load_params()
    sets = learning_and_validation(params)
    tasks = [
        (candidate, trial, *sets) for candidate in candidates(params) for trial in range(SEEDS)
    ]
    rows = parallel_map(try_candidate, tasks)
    table = pd.DataFrame(rows).sort_values(["kind", "hidden", "exact_match"], ascending=False)
    write_table("scripts/search.csv", table)
    print(chosen(table).to_string())


def chosen(table: pd.DataFrame) -> pd.DataFrame:
    """Return the mean exact match of each candidate over network shapes, best first."""
    capsnets = table[table["kind"] == "capsnet"].groupby(["kind", "lr", "init_gain"])
    cnns = table[table["kind"] == "cnn"].groupby(["kind", "lr"])
    means = [group["exact_match"].mean().reset_index() for group in (capsnets, cnns)]
    return pd.concat(means).sort_values("exact_match", ascending=False, ignore_index=True)


if __name__ == "__main__":
    run_command(main)
