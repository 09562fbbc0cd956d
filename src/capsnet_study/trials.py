"""Trials: the same network trained from several seeds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace

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


@dataclass(frozen=True)
class Training:
    """All that shapes a trial: what is trained, on what, how, and from which of the seeds."""

    name: str
    spec: NetworkSpec
    train: ImageSet
    test: ImageSet
    params: TrainParams
    trial: int = 0

    def each_trial(self) -> list[Training]:
        """Return the same training from each of the seeds."""
        return [replace(self, trial=trial) for trial in range(self.params.trials)]

    def checkpoint(self, checkpoints: Checkpoints | None) -> Checkpoint | None:
        """Return where this training is kept while it runs."""
        if checkpoints is None:
            return None
        budget, sets = asdict(budget_of(self.params, self.spec)), (self.train, self.test)
        shapes = (self.spec.to_json(), budget, self.params.seed, self.trial)
        name = f"{self.name}_trial{self.trial}".replace(" ", "_")
        return checkpoints.of(name, *shapes, *(part.checksum for part in sets))


def run_trials(
    trainings: Sequence[Training], checkpoints: Checkpoints | None = None
) -> list[Trial]:
    """Run trainings side by side.

    Trial k starts from the same weights of the convolutions and sees the examples in the same order
    in every arm, so that arms can be compared trial by trial. With `checkpoints`, trials that were
    cut short go on where they stood, and those that had ended are not run again.
    """
    tasks = [
        (training, training.checkpoint(checkpoints), position)
        for position, training in enumerate(trainings)
    ]
    return run_side_by_side(run_trial, tasks)


def run_trial(training: Training, checkpoint: Checkpoint | None = None, position: int = 0) -> Trial:
    """Train one network, its progress on the line `position` of a terminal.

    Raises
    ------
    LossNotFiniteError
        Names the arm, the trial, the seed and the step, and the last good checkpoint.
    """
    name, spec, params, trial = training.name, training.spec, training.params, training.trial
    network = build_network(spec, torch_generator(params.seed, "weights", trial)).to(device())
    initial = weights_of(network)
    order = torch_generator(params.seed, "order", trial)
    sets = training.train.on_device(), training.test.on_device()
    budget, eta_at = budget_of(params, spec), eta_of(spec)
    where = f"{name}, trial {trial} (seed {params.seed})"
    with named_failure(where, checkpoint), live_line(f"{name} trial {trial}", position) as watch:
        rows = fit(network, *sets, budget, order, eta_at, watch, checkpoint)
    return Trial(rows, initial, weights_of(network))


@contextmanager
def named_failure(where: str, checkpoint: Checkpoint | None) -> Iterator[None]:
    """Tell which training a loss that is not finite belongs to, and its last good checkpoint."""
    try:
        yield
    except LossNotFiniteError as error:
        kept = f"; the state before is in {checkpoint.path}" if checkpoint else ""
        raise LossNotFiniteError(f"{where}, {error}{kept}") from None


def budget_of(params: TrainParams, spec: NetworkSpec) -> Budget:
    """Return the training budget of a specification's family."""
    return Budget(
        params.epochs,
        params.batch_size,
        learning_rate(params, spec),
        params.evaluations,
        params.warmup,
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
