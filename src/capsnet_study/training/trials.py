"""Trainings as tasks that share nothing: all that shapes one, and how it is run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch

from capsnet_study.common.devices import device
from capsnet_study.common.errors import ParameterError
from capsnet_study.common.seeding import torch_generator
from capsnet_study.common.workers import parallel_map, workers
from capsnet_study.models.network import Network
from capsnet_study.models.params import CapsuleParams, ModelParams
from capsnet_study.models.spec import KINDS, NetworkSpec, build_network
from capsnet_study.models.weights import Weights, weights_of
from capsnet_study.running.progress import live_line
from capsnet_study.training.arms import Arm, CNNArm
from capsnet_study.training.checkpoints import Checkpoint, Checkpoints, Row, checksum
from capsnet_study.training.evaluation import Examples, frozen_features
from capsnet_study.training.fit import Budget, LossNotFiniteError, fit
from capsnet_study.training.params import TrainParams

Stream = tuple[str | int, ...]  # names a random stream of a seed


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


IMAGE_ARRAYS = ("train_images", "train_labels", "test_images", "test_labels")


def image_sets(arrays: Mapping[str, np.ndarray]) -> tuple[ImageSet, ImageSet]:
    """Return training and test images from the `IMAGE_ARRAYS` of data/multimnist.safetensors."""
    train_images, train_labels, test_images, test_labels = (arrays[name] for name in IMAGE_ARRAYS)
    return ImageSet(train_images, train_labels), ImageSet(test_images, test_labels)


@dataclass(frozen=True)
class Kept:
    """Layers that a training does not begin anew.

    Attributes
    ----------
    layers
        How many of the layers above the convolutions, with the convolutions.
    donor
        The weights that they are taken from; None leaves them as they are drawn.
    frozen
        Whether they stay as they are; otherwise they are trained on.
    """

    layers: int
    donor: Weights | None
    frozen: bool


@dataclass(frozen=True)
class Training:
    """All that shapes one training: what is trained, on what, how, and from which random streams.

    Attributes
    ----------
    name
        In messages and in the name of its checkpoint.
    seed, weights, order
        The seed, and its streams that draw initial weights and the order of the images.
    kept
        Layers that are not trained from scratch.
    """

    name: str
    spec: NetworkSpec
    train: ImageSet
    test: ImageSet
    budget: Budget
    seed: int
    weights: Stream
    order: Stream
    kept: Kept | None = None

    def checkpoint(self, checkpoints: Checkpoints | None) -> Checkpoint | None:
        """Return where this training is kept while it runs."""
        if checkpoints is None:
            return None
        shapes = [self.spec.to_json(), asdict(self.budget), self.seed, self.weights, self.order]
        shapes += [self.train.checksum, self.test.checksum]
        if self.kept:
            donor = checksum(self.kept.donor.values()) if self.kept.donor else None
            shapes += [self.kept.layers, donor, self.kept.frozen]
        return checkpoints.of(self.name.replace(" ", "_"), *shapes)


class Trained(NamedTuple):
    """The evaluations of one training, and the trained weights."""

    rows: list[Row]
    weights: Weights


def arm_trials(
    name: str,
    arm: Arm,
    sizes: tuple[ModelParams, CapsuleParams],
    sets: Sequence[ImageSet],
    params: TrainParams,
    followed: pd.DataFrame | None = None,
) -> list[Training]:
    """Return the trials of an arm of params.yaml.

    Parameters
    ----------
    followed
        The evaluations of the arm whose certainty a yoked arm follows, trial by trial.
    """
    params = with_own(params, arm)
    found = []
    for number in range(params.trials):
        own = arm.following(certainty_path(followed, number)) if followed is not None else arm
        spec = arm_spec(own, *sizes)
        found.append(trial(f"{name} trial {number}", spec, sets, params, number))
    return found


def with_own(params: TrainParams, arm: Arm) -> TrainParams:
    """Return the parameters of training with what an arm may have of its own."""
    own = {
        KINDS[arm.model].learning_rate: arm.lr,
        "weight_decay": arm.weight_decay,
        "trials": arm.trials,
    }
    return replace(params, **{name: value for name, value in own.items() if value is not None})


def certainty_path(history: pd.DataFrame, trial: int) -> list[tuple[float, float]]:
    """Return pairs of a share of the steps and H / log J of R1 there, as one trial has measured it.

    Raises
    ------
    ParameterError
        The trial is not in the evaluations, or has no routing.
    """
    rows = history[history["trial"] == trial] if "entropy_share_r1" in history else history[:0]
    if rows.empty:
        raise ParameterError(f"trial {trial}: there is no certainty of R1 to follow")
    shares = rows["step"] / rows["step"].max()
    return list(zip(shares.tolist(), rows["entropy_share_r1"].clip(0, 1).tolist(), strict=True))


def arm_spec(arm: Arm, model: ModelParams, capsules: CapsuleParams, hidden: int = 1) -> NetworkSpec:
    """Return the network that an arm trains, with `hidden` layers below the classes."""
    if isinstance(arm, CNNArm):
        return NetworkSpec(arm.model, model, hidden)
    if arm.init_gain is not None:
        capsules = replace(capsules, init_gain=arm.init_gain)
    return NetworkSpec("capsnet", model, hidden, capsules, arm.routing)


def trial(
    name: str, spec: NetworkSpec, sets: Sequence[ImageSet], params: TrainParams, number: int
) -> Training:
    """Return one trial of a network on training and test images.

    Trial k starts from the same weights of the convolutions and sees the examples in the same order
    in every arm, so that arms can be compared trial by trial.
    """
    streams = ("weights", number), ("order", number)
    return Training(name, spec, *sets, budget_of(params, spec), params.seed, *streams)


def run_trainings(
    trainings: Sequence[Training], checkpoints: Checkpoints | None = None
) -> list[Trained]:
    """Run trainings side by side; with `checkpoints`, what was cut short goes on where it stood."""
    lines = workers()  # of a terminal: one for each training that runs
    tasks = [
        (training, training.checkpoint(checkpoints), position % lines)
        for position, training in enumerate(trainings)
    ]
    return parallel_map(run_training, tasks)


def run_training(
    training: Training, checkpoint: Checkpoint | None = None, position: int = 0
) -> Trained:
    """Train one network, its progress on the line `position` of a terminal.

    Raises
    ------
    LossNotFiniteError
        Names the training, the seed and the step, and the last good checkpoint.
    """
    network = starting_network(training)
    sets = training.train.on_device(), training.test.on_device()
    kept = training.kept
    if kept and kept.frozen:  # what they make of each image is computed once
        sets = tuple(frozen_features(network, part, kept.layers) for part in sets)
    order = torch_generator(training.seed, *training.order)
    with (
        _named_failure(training, checkpoint),
        live_line(training.name, position) as watch,
    ):
        rows = fit(network, *sets, training.budget, order, watch, checkpoint)
    return Trained(rows, weights_of(network))


def untrained(spec: NetworkSpec, params: TrainParams) -> Iterator[Network]:
    """Yield the networks that the trials of `spec` start from."""
    for number in range(params.trials):
        generator = torch_generator(params.seed, "weights", number)
        yield build_network(spec, generator).to(device()).eval()


def starting_network(training: Training) -> Network:
    """Return a network with kept layers in place and freshly drawn weights in the others.

    Raises
    ------
    ValueError
        The weights that layers are kept of are not those of such a network.
    """
    generator = torch_generator(training.seed, *training.weights)
    network = build_network(training.spec, generator).to(device())
    if training.kept and training.kept.donor is not None:
        _keep(network, training.kept.donor, training.kept.layers)
    return network


def _keep(network: Network, donor: Weights, layers: int) -> None:
    """Load the donor's convolutions and first `layers` layers; all others, and only they, stay."""
    weights = {name: torch.tensor(value) for name, value in donor.items() if _below(name, layers)}
    missing, unexpected = network.load_state_dict(weights, strict=False)
    fresh = {name for name in network.state_dict() if not _below(name, layers)}
    if unexpected or set(missing) != fresh:
        raise ValueError(
            f"the weights to keep do not fit: unexpected {sorted(unexpected)}, "
            f"missing {sorted(set(missing) - fresh)}"
        )


def _below(name: str, layers: int) -> bool:
    """Tell whether a weight belongs to the convolutions or the first `layers` layers."""
    part, *rest = name.split(".")
    return part != "layers" or int(rest[0]) < layers


@contextmanager
def _named_failure(training: Training, checkpoint: Checkpoint | None) -> Iterator[None]:
    """Tell which training a loss that is not finite belongs to, and its last good checkpoint."""
    try:
        yield
    except LossNotFiniteError as error:
        kept = f"; the state before is in {checkpoint.path}" if checkpoint else ""
        where = f"{training.name} (seed {training.seed})"
        raise LossNotFiniteError(f"{where}, {error}{kept}") from None


def budget_of(params: TrainParams, spec: NetworkSpec) -> Budget:
    """Return the training budget of a specification's kind."""
    return Budget(
        params.epochs,
        params.batch_size,
        learning_rate(params, spec),
        params.evaluations,
        params.warmup,
        params.fitness_memory,
        weight_decay=params.weight_decay,
    )


def learning_rate(params: TrainParams, spec: NetworkSpec) -> float:
    """Return the learning rate of a specification's kind."""
    return getattr(params, KINDS[spec.kind].learning_rate)
