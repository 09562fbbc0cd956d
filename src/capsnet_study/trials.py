"""Trials: the same network trained from several seeds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from capsnet_study.checkpoints import Checkpoint, Checkpoints, Row, checksum
from capsnet_study.evaluation import Examples
from capsnet_study.models import Network, NetworkSpec, build_network
from capsnet_study.params import TrainParams
from capsnet_study.progress import live_line
from capsnet_study.seeding import torch_generator
from capsnet_study.training import Budget, LossNotFiniteError, fit
from capsnet_study.workers import device, run_side_by_side

Weights = dict[str, np.ndarray]


@dataclass(frozen=True)
class ImageSet:
    """Images and their two labels as arrays: what travels to the processes that train."""

    images: np.ndarray
    labels: np.ndarray

    def on_device(self) -> Examples:
        """Return the examples on the device of this process."""
        images = torch.tensor(self.images, device=device())
        return Examples(images, torch.tensor(self.labels, device=device()).long())

    def of(self, chosen: np.ndarray) -> ImageSet:
        """Return the chosen ones."""
        return ImageSet(self.images[chosen], self.labels[chosen])

    @property
    def checksum(self) -> str:
        """The sha256 of images and labels."""
        return checksum((self.images, self.labels))


@dataclass(frozen=True)
class Trial:
    """What one training gives: the evaluations, and the weights before and after."""

    rows: list[Row]
    initial: Weights
    trained: Weights


def run_trials(
    name: str,
    spec: NetworkSpec,
    train: ImageSet,
    test: ImageSet,
    params: TrainParams,
    checkpoints: Checkpoints | None = None,
) -> list[Trial]:
    """Train `params.trials` networks of one specification side by side.

    Trial k starts from the same weights of the convolutions and sees the examples in the same order
    in every arm, so that arms can be compared trial by trial. With `checkpoints`, trials that were
    cut short go on where they stood, and those that had ended are not run again.
    """
    tasks = [
        trial_task(name, spec, train, test, params, trial, checkpoints)
        for trial in range(params.trials)
    ]
    return run_side_by_side(run_trial, tasks)


def trial_task(
    name: str,
    spec: NetworkSpec,
    train: ImageSet,
    test: ImageSet,
    params: TrainParams,
    trial: int,
    checkpoints: Checkpoints | None = None,
) -> tuple[Any, ...]:
    """Return the arguments of `run_trial`, with the checkpoint that belongs to them."""
    checkpoint = None
    if checkpoints is not None:
        budget, sets = asdict(budget_of(params, spec)), (train.checksum, test.checksum)
        shapes = (spec.to_json(), budget, params.seed, trial, *sets)
        checkpoint = checkpoints.of(f"{name}_trial{trial}".replace(" ", "_"), *shapes)
    return name, spec, train, test, params, trial, checkpoint


def run_trial(
    name: str,
    spec: NetworkSpec,
    train: ImageSet,
    test: ImageSet,
    params: TrainParams,
    trial: int,
    checkpoint: Checkpoint | None = None,
) -> Trial:
    """Train one network.

    Raises
    ------
    LossNotFiniteError
        Names the arm, the trial, the seed and the step, and the last good checkpoint.
    """
    network = build_network(spec, torch_generator(params.seed, "weights", trial)).to(device())
    initial = weights_of(network)
    order = torch_generator(params.seed, "order", trial)
    budget, eta_at = budget_of(params, spec), eta_of(spec)
    try:
        with live_line(f"{name} trial {trial}", position=trial) as watch:
            sets = train.on_device(), test.on_device()
            rows = fit(network, *sets, budget, order, eta_at, watch, checkpoint)
    except LossNotFiniteError as error:
        kept = f"; the state before is in {checkpoint.path}" if checkpoint else ""
        where = f"{name}, trial {trial} (seed {params.seed})"
        raise LossNotFiniteError(f"{where}, {error}{kept}") from None
    return Trial(rows, initial, weights_of(network))


def budget_of(params: TrainParams, spec: NetworkSpec) -> Budget:
    """Return the training budget of a specification's family."""
    return Budget(
        params.epochs,
        params.batch_size,
        learning_rate(params, spec),
        params.evaluations,
        params.fitness_memory,
    )


def learning_rate(params: TrainParams, spec: NetworkSpec) -> float:
    """Return the learning rate of a specification's family."""
    return params.lr_capsnet if spec.kind == "capsnet" else params.lr_cnn


def eta_of(spec: NetworkSpec) -> Callable[[float], float] | None:
    """Return the update rate as a function of fitness; None without routing."""
    return spec.routing.eta_at if spec.routing else None


def weights_of(network: Network) -> Weights:
    """Return a copy of all weights as arrays."""
    return {name: value.cpu().numpy().copy() for name, value in network.state_dict().items()}


def load_network(spec: NetworkSpec, weights: Weights) -> Network:
    """Build a network that holds the given weights."""
    network = build_network(spec, torch.Generator())
    network.load_state_dict({name: torch.tensor(value) for name, value in weights.items()})
    return network.to(device()).eval()
