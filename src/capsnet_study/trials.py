"""Trials: the same network trained from several seeds."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from capsnet_study.evaluation import Examples
from capsnet_study.models import Network, NetworkSpec, build_network
from capsnet_study.params import TrainParams
from capsnet_study.progress import live_line
from capsnet_study.seeding import torch_generator
from capsnet_study.training import Budget, LossNotFiniteError, Row, fit
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


@dataclass(frozen=True)
class Trial:
    """What one training gives: the evaluations, and the weights before and after."""

    rows: list[Row]
    initial: Weights
    trained: Weights


def run_trials(
    name: str, spec: NetworkSpec, train: ImageSet, test: ImageSet, params: TrainParams
) -> list[Trial]:
    """Train `params.trials` networks of one specification side by side.

    Trial k starts from the same weights of the convolutions and sees the examples in the same order
    in every arm, so that arms can be compared trial by trial.
    """
    tasks = [(name, spec, train, test, params, trial) for trial in range(params.trials)]
    return run_side_by_side(run_trial, tasks)


def run_trial(
    name: str,
    spec: NetworkSpec,
    train: ImageSet,
    test: ImageSet,
    params: TrainParams,
    trial: int,
) -> Trial:
    """Train one network.

    Raises
    ------
    LossNotFiniteError
        Names the arm, the trial and the step.
    """
    network = build_network(spec, torch_generator(params.seed, "weights", trial)).to(device())
    initial = weights_of(network)
    order = torch_generator(params.seed, "order", trial)
    try:
        with live_line(f"{name} trial {trial}", position=trial) as watch:
            seen, unseen = train.on_device(), test.on_device()
            rows = fit(network, seen, unseen, budget_of(params, spec), order, eta_of(spec), watch)
    except LossNotFiniteError as error:
        raise LossNotFiniteError(f"{name}, trial {trial}, {error}") from None
    return Trial(rows, initial, weights_of(network))


def budget_of(params: TrainParams, spec: NetworkSpec) -> Budget:
    """Return the training budget of a specification's family."""
    lr = params.lr_capsnet if spec.kind == "capsnet" else params.lr_cnn
    return Budget(params.epochs, params.batch_size, lr, params.evaluations, params.fitness_memory)


def eta_of(spec: NetworkSpec) -> Callable[[float], float]:
    """Return the update rate as a function of fitness; NaN without routing."""
    return spec.routing.eta_at if spec.routing else lambda fitness: math.nan


def weights_of(network: Network) -> Weights:
    """Return a copy of all weights as arrays."""
    return {name: value.cpu().numpy().copy() for name, value in network.state_dict().items()}


def load_network(spec: NetworkSpec, weights: Weights) -> Network:
    """Build a network that holds the given weights."""
    network = build_network(spec, torch.Generator())
    network.load_state_dict({name: torch.tensor(value) for name, value in weights.items()})
    return network.to(device()).eval()
