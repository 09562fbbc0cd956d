"""Search for the learning rate, initial gain or weight decay of an arm, on validation digits only.

    python -m scripts.tune attention kmeans --over init_gain      # as long as scripts.search
    python -m scripts.tune n1 n9 --over lr --over init_gain --full      # as long as the study
    python -m scripts.tune n1 n3 n9 cnn --over lr --over weight_decay --full

Every arm is searched in the same way: on a grid around its parameters in params.yaml, in steps of a
factor of 1.5 in the learning rate, 2 in the gain and √10 in the decay (0, 0.01, 0.032, 0.1). The
grid is widened until the best candidate lies on none of its edges; a decay of 0 is no edge, since
it cannot be lower. A score is the mean of two seeds on 2,000 images, with a standard error of about
0.7 points, so that several candidates are equally good and the search picks one of them. It uses
the training and validation digits of `scripts.validation`, and no test digit. Results are added to
scripts/tune.csv as they come, and are not computed again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from capsnet_study.common.storage import read_table, write_table
from capsnet_study.common.workers import parallel_map, workers
from capsnet_study.models.spec import KINDS
from capsnet_study.params import Params, load_params
from capsnet_study.training.arms import Arm, CapsNetArm
from capsnet_study.training.params import TrainParams
from capsnet_study.training.trials import ImageSet, arm_spec, with_own
from scripts.validation import LEARNING_IMAGES, learning_and_validation, reached
from stages.command import run_command

SEEDS = 2
FACTORS = {"lr": 1.5, "init_gain": 2.0, "weight_decay": 10**0.5}  # between neighbours
LEAST_DECAY = 0.01  # of those above 0, where the search starts at 0
FOUND = Path("scripts/tune.csv")

Candidate = dict[str, float]
Trial = tuple[str | int, ...]  # the values of a candidate, and which of its trials
Scores = Callable[[Sequence[Candidate]], Sequence[float]]  # mean exact match of each candidate


def main(
    arms: list[str],
    over: Annotated[list[str], typer.Option(help="lr, init_gain, weight_decay.")],
    full: Annotated[bool, typer.Option(help="Train as long as the study does.")] = False,
) -> None:
    """Search for each arm, one after the other, and print what params.yaml would say."""
    params = load_params()
    for name in arms:
        if name not in params.arms:
            raise typer.BadParameter(f"no arm {name!r}; there are {', '.join(params.arms)}")
        known = start_of(params.arms[name], params)
        if unknown := [key for key in over if key not in known]:
            raise typer.BadParameter(f"{name} has no {unknown[0]!r}; there are {', '.join(known)}")
    epochs = params.train.epochs if full else 1
    images = params.data.train_images if full else LEARNING_IMAGES
    sets = learning_and_validation(params, images)
    train = replace(params.train, epochs=epochs)
    for name in arms:
        arm = params.arms[name]
        scores = partial(tried, name, arm, params, train, sets)
        best = search(start_of(arm, params), over, scores)
        print(f"{name}: " + ", ".join(f"{key}: {value:.4g}" for key, value in best.items()))


def start_of(arm: Arm, params: Params) -> Candidate:
    """Return the candidate that an arm is in params.yaml: where its search begins."""
    rate = {"lr": arm.lr or getattr(params.train, KINDS[arm.model].learning_rate)}
    own = arm.weight_decay
    decay = {"weight_decay": params.train.weight_decay if own is None else own}
    if not isinstance(arm, CapsNetArm):
        return rate | decay
    return rate | {"init_gain": arm.init_gain or params.capsules.init_gain} | decay


def search(start: Candidate, over: Sequence[str], scores: Scores) -> Candidate:
    """Return the best candidate of a grid that is widened until the best lies on none of its edges.

    >>> search({"lr": 1.0}, ["lr"], lambda grid: [-abs(one["lr"] - 2.25) for one in grid])
    {'lr': 2.25}
    """

    def candidate(steps: tuple[int, ...]) -> Candidate:
        moved = zip(over, steps, strict=True)
        return start | {key: value_at(key, start[key], step) for key, step in moved}

    axes = {key: range(-1, 2) if start[key] else range(4) for key in over}  # steps from the start
    known: dict[tuple[int, ...], float] = {}
    while True:
        new = [steps for steps in product(*axes.values()) if steps not in known]
        known |= dict(zip(new, scores([candidate(steps) for steps in new]), strict=True))
        best = max(known, key=known.__getitem__)
        wider = {
            key: widened(axes[key], step, start[key] > 0)
            for key, step in zip(over, best, strict=True)
        }
        if wider == axes:
            return candidate(best)
        axes = wider


def value_at(key: str, start: float, step: int) -> float:
    """Return the value of a parameter so many steps from where the search starts.

    >>> value_at("lr", 0.01, 1)
    0.015
    >>> [round(value_at("weight_decay", 0.0, step), 3) for step in range(4)]
    [0.0, 0.01, 0.032, 0.1]
    """
    if start > 0:
        return start * FACTORS[key] ** step
    return LEAST_DECAY * FACTORS[key] ** (step - 1) if step else 0.0


def widened(steps: range, best: int, downwards: bool) -> range:
    """Return the steps of a parameter with one more at an edge on which the best lies.

    >>> widened(range(-1, 2), -1, downwards=True), widened(range(3), 0, downwards=False)
    (range(-2, 2), range(0, 3))
    """
    lower = downwards and best == steps[0]
    return range(steps.start - lower, steps.stop + (best == steps[-1]))


def tried(
    name: str,
    arm: Arm,
    params: Params,
    train: TrainParams,
    sets: tuple[ImageSet, ImageSet],
    candidates: Sequence[Candidate],
) -> list[float]:
    """Return the mean exact match of each candidate; what scripts/tune.csv has is not run again."""
    length = {"arm": name, "epochs": train.epochs, "images": len(sets[0].labels)}
    known = trials(length)
    tasks = [
        (length | one, arm, trial, params, train, sets)
        for one, trial in product(candidates, range(SEEDS))
        if key_of(one, trial) not in known
    ]
    at_once = workers()
    for first in range(0, len(tasks), at_once):  # a kill costs these alone
        rows = pd.DataFrame(parallel_map(one_run, tasks[first : first + at_once]))
        write_table(FOUND, pd.concat([read_table(FOUND), rows]) if FOUND.exists() else rows)
    known = trials(length)
    scores = [[known[key_of(one, trial)] for trial in range(SEEDS)] for one in candidates]
    return [sum(score) / SEEDS for score in scores]


def trials(length: Mapping[str, object]) -> dict[Trial, float]:
    """Return the exact match of each trial at this length that scripts/tune.csv has."""
    if not FOUND.exists():
        return {}
    table = read_table(FOUND)
    rows = table[(table[list(length)] == pd.Series(length)).all(axis=1)].to_dict("records")
    return {key_of(row, row["trial"]): row["exact_match"] for row in rows}


def key_of(facts: Mapping[str, float], trial: int) -> Trial:
    """Return a trial of a candidate, whichever way its values were computed."""
    return (*(f"{facts.get(key, math.nan):.6g}" for key in FACTORS), trial)


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
