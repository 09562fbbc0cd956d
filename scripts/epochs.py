"""How long to train: the gain of a further epoch, by validation digits only.

    python -m scripts.epochs            # adds to scripts/epochs.csv what is not there yet

Every length is a training of its own, because the learning rate falls to 0 over the length. The
study is to be as long as the smallest of the lengths after which a further epoch brings less than
half a point, on average over the arms. No test digit is read.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import typer

from capsnet_study.common.storage import read_table, write_table
from capsnet_study.common.workers import run_side_by_side
from capsnet_study.params import Params, load_params
from capsnet_study.training.trials import ImageSet, arm_spec
from scripts.validation import learning_and_validation, reached

ARMS = ("n9", "n3", "cnn")
LENGTHS = (8, 6, 4, 2)  # the longest first: two workers end closer together
FLAT = 0.005  # of exact match an epoch
VALIDATION = 10_000
FOUND = Path("scripts/epochs.csv")


def main() -> None:
    """Train what is missing, and print the gains and the length they ask for."""
    params = load_params()
    sets = learning_and_validation(params, params.data.train_images, VALIDATION)
    missing = [(epochs, arm) for epochs in LENGTHS for arm in ARMS if (arm, epochs) not in known()]
    rows = run_side_by_side(one_length, [(arm, epochs, params, *sets) for epochs, arm in missing])
    if rows:
        new = pd.DataFrame(rows)
        write_table(FOUND, pd.concat([read_table(FOUND), new]) if FOUND.exists() else new)
    table = read_table(FOUND)
    print(gains(table).to_string())
    print(f"epochs: {flat_from(table)}")


def known() -> set[tuple[str, int]]:
    """Return the arms and lengths that were tried."""
    if not FOUND.exists():
        return set()
    table = read_table(FOUND)
    return set(zip(table["arm"], table["epochs"], strict=True))


def one_length(
    arm: str, epochs: int, params: Params, learn: ImageSet, validate: ImageSet
) -> dict[str, object]:
    """Train one arm once for so many epochs and return what it reached."""
    spec = arm_spec(params.sweep[arm], params.model, params.capsules)
    last = reached(spec, replace(params.train, epochs=epochs), 0, learn, validate)
    return {"arm": arm, "epochs": epochs, "exact_match": last["exact_match"], "loss": last["loss"]}


def gains(table: pd.DataFrame) -> pd.DataFrame:
    """Return the gain of each arm for an epoch more, from each length to the next.

    >>> gains(pd.DataFrame({"arm": "n3", "epochs": [2, 4], "exact_match": [0.70, 0.73]}))
    arm       n3
    epochs
    2       0.015
    """
    wide = table.pivot(index="epochs", columns="arm", values="exact_match").sort_index()
    steps = pd.Series(wide.index, wide.index).diff()
    return wide.diff().div(steps, axis="index").shift(-1).dropna(how="all")


def flat_from(table: pd.DataFrame) -> int | None:
    """Return the smallest length after which a further epoch brings too little; None if none."""
    mean = gains(table).mean(axis=1)
    flat = [length for length in mean.index if (mean.loc[length:] < FLAT).all()]
    return min(flat, default=None)


if __name__ == "__main__":
    typer.run(main)
