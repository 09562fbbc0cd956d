"""What a setting may change, and what it resolves to."""

from typing import Any

import pytest

from capsnet_study.params import Params, load_params
from capsnet_study.settings.names import changes, setting_change
from capsnet_study.settings.params import Setting, resolve


def setting_of(**changes: Any) -> Setting:
    return Setting(["n3", "cnn"], 2, **changes)


@pytest.fixture(scope="module")
def params() -> Params:
    return load_params()


def test_a_setting_changes_what_it_names_and_nothing_else(params: Params) -> None:
    main = params.main_blocks
    setting = setting_of(data={"train_images": 7}, train={"epochs": 1, "lr_cnn": 0.5})
    found = setting.blocks(main)
    assert (found.data.train_images, found.train.epochs, found.train.lr_cnn) == (7, 1, 0.5)
    assert setting_of(own_images=True).blocks(main) == main
    for name, block in main._asdict().items():
        for key, value in vars(block).items():
            if key not in getattr(setting, name):
                assert getattr(getattr(found, name), key) == value


def test_a_resolved_setting_has_its_arms_and_trials_and_all_that_it_shares(params: Params) -> None:
    setting = setting_of(train={"epochs": 1}, keep=["n3"])
    found = resolve(setting, params.main_blocks, params.arms)
    assert list(found.arms) == ["n3", "cnn"] and found.keep == ["n3"]
    assert (found.train.trials, found.train.epochs) == (2, 1)
    assert (found.data, found.model) == (params.data, params.model)


def test_what_differs_in_a_setting_is_named() -> None:
    setting = setting_of(model={"conv_channels": 64}, own_images=True)
    assert setting_change(setting) == "model.conv_channels = 64, images of its own for each trial"
    found = changes({"short": setting_of(train={"epochs": 1})})
    assert (found["main"], found["short"]) == ("", "train.epochs = 1")
