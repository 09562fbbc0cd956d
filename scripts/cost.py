"""What the study costs on one worker and on many, from measured step times: a calculation, no run.

    python -m scripts.cost                                        # this params.yaml, CPU cores
    python -m scripts.cost --paper-scale --faster 200 --epochs 20   # workers 200 times as fast

A worker is a core, or a GPU that is ``--faster`` times as fast as one. Steps are those of
``benchmarks/results/routing.json``, an evaluation counts a third of a step an image. Stages either
wait for each other, as in one `dvc repro`, or run at the same time wherever neither needs the
other (several `dvc repro -s`, one cluster).
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heapify, heapreplace
from itertools import chain

import pandas as pd
import typer

from capsnet_study.params import CapsNetArm, Params, load_params
from capsnet_study.storage import read_json
from capsnet_study.training import evaluation_steps
from capsnet_study.transfer import schemes

WORKERS = (1, 8, 64)
EVALUATION = 1 / 3  # of a step: forward only

Stages = dict[str, list[float]]  # seconds of each task


def main(paper_scale: bool = False, faster: float = 1.0, epochs: int = 0) -> None:
    """Print hours by number of workers."""
    params = load_params()
    image = {
        name: seconds / faster for name, seconds in seconds_an_image(params, paper_scale).items()
    }
    epochs = epochs or params.train.epochs
    waves = (trainings(params, image, epochs), transfers(params, image, epochs))
    rows = []
    for count in WORKERS:
        one_by_one = sum(makespan(tasks, count) for wave in waves for tasks in wave.values())
        at_once = sum(
            makespan([s for part in wave.values() for s in part], count) for wave in waves
        )
        rows.append({"workers": count, "hours, stage by stage": one_by_one / 3600})
        rows[-1] |= {"hours, stages at once": at_once / 3600}
    table = pd.DataFrame(rows)
    for name in table.columns[1:]:
        table[f"speed-up{name.removeprefix('hours')}"] = table[name][0] / table[name]
    print(table.round(2).to_string(index=False))
    longest = max(waves[0].values(), key=max), max(waves[1].values(), key=max)
    print(f"no number of workers goes below {sum(map(max, longest)) / 3600:.2f} hours")


def seconds_an_image(params: Params, paper_scale: bool) -> dict[str, float]:
    """Return the measured seconds of one training image by number of iterations, or of the CNN."""
    measured = read_json("benchmarks/results/routing.json")
    batch = measured["batch"]
    if paper_scale:  # convolutions take nearly all of it: one figure serves for all n
        step = measured["paper_steps"]
        return {"cnn": step["convolutions"] / batch} | {
            str(n): step["J 32, n 3, full"] / batch for n in range(1, 10)
        }
    step = measured["small_steps"]
    slope = (step["n 9, full"] - step["n 1, full"]) / 8
    return {"cnn": step["CNN"] / batch} | {
        str(n): (step["n 1, full"] + slope * (n - 1)) / batch for n in range(1, 10)
    }


def trainings(params: Params, image: dict[str, float], epochs: int) -> Stages:
    """Return the tasks of sweep, train and pretrain."""
    train, test = params.data.train_images, params.data.test_images
    looks = len(evaluation_steps(train // params.train.batch_size, params.train.evaluations))
    images = epochs * train + looks * test * EVALUATION
    stages = {
        f"sweep@{name}": [images * image[str(arm.n_iter) if isinstance(arm, CapsNetArm) else "cnn"]]
        * params.train.trials
        for name, arm in params.sweep.items()
    }
    for model, kind in routed(params).items():
        stages[f"train_{model}"] = [images * image[kind]] * params.train.trials
        half = images * image[kind] / 2  # a domain has about half of the images
        stages[f"pretrain_{model}"] = [half] * (2 * params.transfer.splits)
    return stages


def transfers(params: Params, image: dict[str, float], epochs: int) -> Stages:
    """Return the tasks of transfer: all schemes of a split and direction, one after the other.

    A scheme that freezes layers runs its images through them once; the training of the small
    layers above is left out.
    """
    passes = sum(epochs if scheme.tuned else EVALUATION for scheme in schemes())
    images = passes * params.data.train_images / 2
    return {
        f"transfer_{model}": [images * image[kind]] * (2 * params.transfer.splits)
        for model, kind in routed(params).items()
    }


def routed(params: Params) -> dict[str, str]:
    """Return the iterations of each main model."""
    return {"capsnet": str(params.routing.n_iter), "uniform": "1", "cnn": "cnn"}


def makespan(tasks: Sequence[float], workers: int) -> float:
    """Return when the last of the tasks ends if the longest ones start first."""
    ends = [0.0] * workers
    heapify(ends)
    for seconds in sorted(tasks, reverse=True):
        heapreplace(ends, ends[0] + seconds)
    return max(ends)


if __name__ == "__main__":
    typer.run(main)
