"""Training digits split into training and validation sets: no choice is made on test digits."""

from __future__ import annotations

from dataclasses import replace

from capsnet_study.common.devices import device
from capsnet_study.common.seeding import numpy_generator, torch_generator
from capsnet_study.data.digits import load_digits
from capsnet_study.data.multimnist import make_multimnist
from capsnet_study.models.spec import NetworkSpec, build_network
from capsnet_study.params import Params
from capsnet_study.training.checkpoints import Row
from capsnet_study.training.fit import fit
from capsnet_study.training.params import TrainParams
from capsnet_study.training.trials import ImageSet, budget_of
from stages.digits import folder_of

LEARNING_DIGITS = 50_000  # the first ones; the other 10,000 are for validation
LEARNING_IMAGES, VALIDATION_IMAGES = 12_000, 2_000


def learning_and_validation(
    params: Params, images: int = LEARNING_IMAGES, validation_images: int = VALIDATION_IMAGES
) -> tuple[ImageSet, ImageSet]:
    """Return training and validation images, composed of disjoint training digits."""
    digits = load_digits("mnist", folder_of("mnist"))
    parts = (slice(0, LEARNING_DIGITS), slice(LEARNING_DIGITS, None))
    learn, validate = (
        make_multimnist(
            digits.train_images[part],
            digits.train_labels[part],
            count,
            numpy_generator(params.data.seed, "search", count),
        )
        for part, count in zip(parts, (images, validation_images), strict=True)
    )
    return ImageSet(learn.images, learn.labels), ImageSet(validate.images, validate.labels)


def reached(
    spec: NetworkSpec, train: TrainParams, trial: int, learn: ImageSet, validate: ImageSet
) -> Row:
    """Train once, as a trial of the study does, and return the last evaluation."""
    network = build_network(spec, torch_generator(train.seed, "weights", trial)).to(device())
    budget = replace(budget_of(train, spec), evaluations=2, even_evaluations=1)
    order = torch_generator(train.seed, "order", trial)
    return fit(network, learn.on_device(), validate.on_device(), budget, order)[-1]
