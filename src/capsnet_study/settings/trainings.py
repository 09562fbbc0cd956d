"""The trainings of a setting."""

from __future__ import annotations

from capsnet_study.common.seeding import numpy_generator
from capsnet_study.data.digits import Digits
from capsnet_study.data.multimnist import make_multimnist
from capsnet_study.data.params import DataParams
from capsnet_study.settings.params import ResolvedSetting
from capsnet_study.training.trials import ImageSet, Training, arm_spec, trial, with_own


def setting_images(
    digits: Digits, params: DataParams, trial: int | None = None
) -> tuple[ImageSet, ImageSet]:
    """Return training and test images: those that all trials share, or a trial's own.

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


def setting_trainings(
    name: str, setting: ResolvedSetting, digits: Digits
) -> dict[str, list[Training]]:
    """Return the trainings of a setting by arm; trial k begins as trial k of the main study does.

    Parameters
    ----------
    name
        Of the setting, for messages and checkpoints.
    digits
        Those of the setting's data source.
    """
    trials = range(setting.train.trials)
    if setting.own_images:
        images = [setting_images(digits, setting.data, number) for number in trials]
    else:
        images = [setting_images(digits, setting.data)] * len(trials)
    found = {}
    for key, arm in setting.arms.items():
        train = with_own(setting.train, arm)
        spec = arm_spec(arm, setting.model, setting.capsules)
        found[key] = [
            trial(f"{name} {key} trial {number}", spec, images[number], train, number)
            for number in trials
        ]
    return found
