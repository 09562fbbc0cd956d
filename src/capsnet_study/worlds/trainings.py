"""The trainings of an arm in a world."""

from __future__ import annotations

from capsnet_study.common.seeding import numpy_generator
from capsnet_study.data.digits import Digits
from capsnet_study.data.multimnist import make_multimnist
from capsnet_study.data.params import DataParams
from capsnet_study.training.arms import Arm
from capsnet_study.training.trials import ImageSet, Training, arm_spec, trial, with_own
from capsnet_study.worlds.params import Setting


def world_images(
    digits: Digits, params: DataParams, trial: int | None = None
) -> tuple[ImageSet, ImageSet]:
    """Return training and test images: those of the main study, or a trial's own.

    As many as the main study's of the same digits are the same images.
    """
    own = () if trial is None else ("trial", trial)
    parts = {
        "train": (digits.train_images, digits.train_labels, params.train_images),
        "test": (digits.test_images, digits.test_labels, params.test_images),
    }
    made = [
        make_multimnist(*part, numpy_generator(params.seed, "multimnist", name, *own))
        for name, part in parts.items()
    ]
    train, test = (ImageSet(one.images, one.labels) for one in made)
    return train, test


def world_trainings(
    name: str, arm: Arm, setting: Setting, digits: Digits, trials: int, own_images: bool
) -> list[Training]:
    """Return the trials of an arm; trial k begins as trial k of the main study does."""
    train = with_own(setting.train, arm)
    spec = arm_spec(arm, setting.model, setting.capsules)
    shared = None if own_images else world_images(digits, setting.data)
    return [
        trial(
            f"{name} trial {number}",
            spec,
            shared or world_images(digits, setting.data, number),
            train,
            number,
        )
        for number in range(trials)
    ]
