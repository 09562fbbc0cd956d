"""Validation data: training digits split in two, so that no choice is made on test digits."""

from __future__ import annotations

import os

from capsnet_study.data import load_digits, make_multimnist
from capsnet_study.params import Params
from capsnet_study.seeding import numpy_generator
from capsnet_study.trials import ImageSet

LEARNING_DIGITS = 50_000  # the first ones; the other 10,000 training digits are to choose by
LEARNING_IMAGES, VALIDATION_IMAGES = 12_000, 2_000


def learning_and_validation(params: Params) -> tuple[ImageSet, ImageSet]:
    """Return images to learn from and images to choose by, of disjoint training digits."""
    digits = load_digits("mnist", os.environ.get("MNIST_DIR", "data/raw"))
    parts = (slice(0, LEARNING_DIGITS), slice(LEARNING_DIGITS, None))
    learn, validate = (
        make_multimnist(
            digits.train_images[part],
            digits.train_labels[part],
            count,
            numpy_generator(params.data.seed, "search", count),
        )
        for part, count in zip(parts, (LEARNING_IMAGES, VALIDATION_IMAGES), strict=True)
    )
    return ImageSet(learn.images, learn.labels), ImageSet(validate.images, validate.labels)
