"""A learning rate and an initial gain of its own for an arm, by validation digits only.

    python -m scripts.tune attention kmeans --gain-only    # as long as scripts.search
    python -m scripts.tune n1 n3 n9 cnn cnn160 --full      # as long as the study's trainings

Every arm is searched in the same way, by steps of a factor of 1.5 in the rate and of 2 in the gain
(CNNs have a rate only). From the setting of params.yaml the search goes to the best neighbour,
until all neighbours are worse: what is chosen lies on no edge of what was tried. Each setting is
the mean of two seeds on 2,000 images, whose standard error is about 0.7 points: several settings
are as good, and the search ends at one of them. Digits are those of `scripts.validation`: no test
digit is read. Results are added to scripts/tune.csv; settings that are there are not tried again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from capsnet_study.common.storage import read_table, write_table
from capsnet_study.common.workers import run_side_by_side
from capsnet_study.models.spec import KINDS
from capsnet_study.params import Params, load_params
from capsnet_study.training.arms import Arm, CapsNetArm
from capsnet_study.training.params import TrainParams
from capsnet_study.training.trials import ImageSet, arm_spec, with_own
from scripts.validation import LEARNING_IMAGES, learning_and_validation, reached
from stages import run_command

SEEDS = 2
FACTORS = {"lr": 1.5, "init_gain": 2.0}  # between neighbours
FOUND = Path("scripts/tune.csv")

Setting = dict[str, float]
Steps = tuple[int, ...]  # from the start, in each parameter
Scores = Callable[[Sequence[Setting]], Sequence[float]]  # mean exact match of each setting


def main(
    arms: list[str],
    full: Annotated[bool, typer.Option(help="Train as long as the study does.")] = False,
    gain_only: Annotated[bool, typer.Option(help="Leave the learning rate alone.")] = False,
) -> None:
    """Search for each arm, one after the other, and print what params.yaml would say."""
    params = load_params()
    for name in arms:
        if name not in params.arms:
            raise typer.BadParameter(f"no arm {name!r}; there are {', '.join(params.arms)}")
    epochs = params.train.epochs if full else 1
    images = params.data.train_images if full else LEARNING_IMAGES
    sets = learning_and_validation(params, images)
    train = replace(params.train, epochs=epochs)
    for name in arms:
        arm = params.arms[name]
        start = start_of(arm, params)
        fixed = {"lr": start.pop("lr")} if gain_only else {}
        best = search(start, partial(tried, name, arm, fixed, params, train, sets))
        print(f"{name}: " + ", ".join(f"{key}: {value:.4g}" for key, value in best.items()))


def start_of(arm: Arm, params: Params) -> Setting:
    """Return the setting that an arm has in params.yaml: where its search begins."""
    rate = {"lr": arm.lr or getattr(params.train, KINDS[arm.model].learning_rate)}
    if not isinstance(arm, CapsNetArm):
        return rate
    return rate | {"init_gain": arm.init_gain or params.capsules.init_gain}


def search(start: Setting, scores: Scores) -> Setting:
    """Return the first setting on the way up from `start` that is better than all its neighbours.

    >>> search({"lr": 1.0}, lambda settings: [-abs(one["lr"] - 2.25) for one in settings])
    {'lr': 2.25}
    """

    def setting(steps: Steps) -> Setting:
        return {key: start[key] * FACTORS[key] ** n for key, n in zip(start, steps, strict=True)}

    best = (0,) * len(start)
    known: dict[Steps, float] = {}
    while True:
        star = [best, *neighbours(best)]
        new = [steps for steps in star if steps not in known]
        known |= dict(zip(new, scores([setting(steps) for steps in new]), strict=True))
        better = max(star, key=lambda steps: known[steps])
        if better == best:
            return setting(best)
        best = better


def neighbours(steps: Steps) -> list[Steps]:
    """Return the settings one step away, in one parameter.

    >>> neighbours((0, 2))
    [(-1, 2), (1, 2), (0, 1), (0, 3)]
    """
    return [
        (*steps[:at], steps[at] + move, *steps[at + 1 :])
        for at in range(len(steps))
        for move in (-1, 1)
    ]


def tried(
    name: str,
    arm: Arm,
    fixed: Setting,
    params: Params,
    train: TrainParams,
    sets: tuple[ImageSet, ImageSet],
    settings: Sequence[Setting],
) -> list[float]:
    """Return the mean exact match of each setting; what scripts/tune.csv has is not run again."""
    length = {"arm": name, "epochs": train.epochs, "images": len(sets[0].labels)}
    settings = [fixed | one for one in settings]
    known = means(length)
    missing = [one for one in settings if tuple(one.values()) not in known]
    tasks = [
        (length | setting, arm, trial, params, train, sets)
        for setting in missing
        for trial in range(SEEDS)
    ]
    rows = pd.DataFrame(run_side_by_side(one_run, tasks))
    write_table(FOUND, pd.concat([read_table(FOUND), rows]) if FOUND.exists() else rows)
    known = means(length)
    return [known[tuple(setting.values())] for setting in settings]


def means(length: Mapping[str, object]) -> dict[tuple[float, ...], float]:
    """Return the mean exact match of each setting that was tried at this length, by its values."""
    if not FOUND.exists():
        return {}
    table = read_table(FOUND)
    rows = table[(table[list(length)] == pd.Series(length)).all(axis=1)]
    keys = [key for key in FACTORS if key in rows and rows[key].notna().any()]
    if not keys:
        return {}
    found = rows.groupby(keys)["exact_match"].mean()
    return {key if isinstance(key, tuple) else (key,): value for key, value in found.items()}


def one_run(
    facts: Mapping[str, object],
    arm: Arm,
    trial: int,
    params: Params,
    train: TrainParams,
    sets: tuple[ImageSet, ImageSet],
) -> dict[str, object]:
    """Train once and return the facts of the run with what was reached."""
    own = replace(arm, **{key: facts[key] for key in FACTORS if key in facts})
    spec = arm_spec(own, params.model, params.capsules)
    last = reached(spec, with_own(train, own), trial, *sets)
    kept = ("exact_match", "loss", "entropy_share_r1", "entropy_share_r2", "dead_share")
    return {**facts, "trial": trial} | {key: last.get(key) for key in kept}


if __name__ == "__main__":
    run_command(main)
