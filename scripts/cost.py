"""What the study costs on one worker and on many: a calculation from measured step times, no run.

    python -m scripts.cost            # writes the table into docs/clusters.md

A worker is a CPU core, or a GPU that is taken to be `GPU` times as fast. Steps are those of
``benchmarks/results/routing.json``; an evaluation counts a third of a training step. Stages either
wait for each other, as in one `dvc repro`, or run at the same time where neither needs the other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from heapq import heapify, heapreplace
from itertools import chain
from pathlib import Path

import pandas as pd

from capsnet_study.common.storage import read_json, write_text
from capsnet_study.data.params import DataParams
from capsnet_study.params import Params, load_params
from capsnet_study.report.render import with_block
from capsnet_study.training.arms import CapsNetArm
from capsnet_study.training.fit import evaluation_steps
from capsnet_study.training.params import TrainParams
from capsnet_study.transfer.schemes import schemes
from stages.command import run_command

WORKERS = (1, 8, 64)
EVALUATION = 1 / 3  # of a step: forward only
GROWTH = 1.6  # a step takes channels ** GROWTH: 1.1 to 1.9 were measured from 32 to 256 channels
DOCUMENT = Path("docs/clusters.md")
GPU = 100  # an assumption: none has been measured
PAPER_EPOCHS = 20

Seconds = Callable[[int | None], float]  # of a training image, by n_iter (None: the CNN)
Stages = dict[str, list[float]]  # seconds of each task


def main() -> None:
    """Put the table between its markers in docs/clusters.md."""
    text = DOCUMENT.read_text(encoding="utf-8")
    measured = read_json("benchmarks/results/routing.json")
    table = cost_table(load_params(), measured)
    write_text(DOCUMENT, with_block(text, "cost", table))


def cost_table(params: Params, measured: dict) -> str:
    """Return hours by number of workers, for the committed parameters and at paper scale."""
    epochs = {"train": replace(params.train, epochs=PAPER_EPOCHS)}
    paper = replace(params, **epochs, transfer=replace(params.transfer, epochs=PAPER_EPOCHS))
    core = seconds_at_paper_scale(measured)

    def gpu(n_iter: int | None) -> float:
        return core(n_iter) / GPU

    lines = [
        "| | workers | hours, stage by stage | hours, stages at once "
        "| times as fast: in turn / at once |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for name, chosen, image in (
        ("`params.yaml`, CPU cores", params, seconds_at_this_scale(measured)),
        (f"paper scale, {PAPER_EPOCHS} epochs, GPUs {GPU} times a core", paper, gpu),
    ):
        for row in hours(chosen, image).itertuples():
            lines.append(
                f"| {name} | {row.workers} | {row.in_turn:.2f} | {row.at_once:.2f} "
                f"| {row.in_turn_gain:.1f} / {row.at_once_gain:.1f} |"
            )
    return "\n".join(lines)


def hours(params: Params, image: Seconds) -> pd.DataFrame:
    """Return hours and gain by number of workers: stages in turn, and at once."""
    waves = trainings(params, image) | settings(params, image), transfers(params, image)
    rows = []
    for count in WORKERS:
        in_turn = sum(makespan(tasks, count) for wave in waves for tasks in wave.values())
        at_once = sum(makespan([*chain(*wave.values())], count) for wave in waves)
        rows.append({"workers": count, "in_turn": in_turn / 3600, "at_once": at_once / 3600})
    table = pd.DataFrame(rows)
    for name in ("in_turn", "at_once"):
        table[f"{name}_gain"] = table[name][0] / table[name]
    return table


def seconds_at_this_scale(measured: dict) -> Seconds:
    """Return the seconds of an image, between the measured numbers of iterations on a line."""
    steps, batch = measured["small_steps"], measured["batch"]
    slope = (steps["n 9, full"] - steps["n 1, full"]) / 8
    return lambda n: (steps["n 1, full"] + slope * (n - 1) if n else steps["CNN"]) / batch


def seconds_at_paper_scale(measured: dict) -> Seconds:
    """Return the seconds of an image; convolutions take nearly all of it, whatever n is."""
    steps, batch = measured["paper_steps"], measured["batch"]
    return lambda n: steps["J 32, n 3, full" if n else "convolutions"] / batch


def trainings(params: Params, image: Seconds) -> Stages:
    """Return the tasks of all arms, of the main CapsNet and of pretraining."""
    train = params.train
    images = images_seen(params.data, train)
    arms = {
        name: arm.n_iter if isinstance(arm, CapsNetArm) else None
        for name, arm in params.arms.items()
    }
    stages = {
        name: [images * image(n)] * (params.arms[name].trials or train.trials)
        for name, n in arms.items()
    }
    stages["train_capsnet"] = [images * image(params.routing.n_iter)] * train.trials
    for model, n in iterations(params).items():
        half = images * image(n) / 2  # a domain has about half of the images
        stages[f"pretrain_{model}"] = [half] * (2 * params.transfer.splits)
    return stages


def settings(params: Params, image: Seconds) -> Stages:
    """Return the tasks of all settings; in one that is wider an image takes longer."""
    stages = {}
    for name in params.settings:
        setting = params.resolved(name)
        longer = (setting.model.conv_channels / params.model.conv_channels) ** GROWTH
        images = images_seen(setting.data, setting.train)
        iterations = [getattr(arm, "n_iter", None) for arm in setting.arms.values()]
        seconds = [images * longer * image(n_iter) for n_iter in iterations]
        stages[name] = seconds * setting.train.trials
    return stages


def images_seen(data: DataParams, train: TrainParams) -> float:
    """Return how many images a training sees; one of an evaluation counts as a part of one."""
    images = train.epochs * data.train_images
    evaluations = len(evaluation_steps(images // train.batch_size, train.evaluations))
    return images + evaluations * data.test_images * EVALUATION


def transfers(params: Params, image: Seconds) -> Stages:
    """Return the tasks of transfer: one per split, direction and scheme.

    A scheme that freezes layers runs its images through them once; the training of the small
    layers above is left out.
    """
    passes = [
        scheme.epochs(params.train, params.transfer) if scheme.tuned else EVALUATION
        for scheme in schemes()
    ]
    images = [one * params.data.train_images / 2 for one in passes]
    return {
        f"transfer_{model}": [part * image(n) for part in images] * (2 * params.transfer.splits)
        for model, n in iterations(params).items()
    }


def iterations(params: Params) -> dict[str, int | None]:
    """Return the number of iterations of each main model."""
    return {"capsnet": params.routing.n_iter, "uniform": 1, "cnn": None}


def makespan(tasks: Sequence[float], workers: int) -> float:
    """Return when the last of the tasks ends if the longest ones start first."""
    ends = [0.0] * workers
    heapify(ends)
    for seconds in sorted(tasks, reverse=True):
        heapreplace(ends, ends[0] + seconds)
    return max(ends)


if __name__ == "__main__":
    run_command(main)
