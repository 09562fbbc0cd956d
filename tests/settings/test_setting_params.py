"""What a setting may change, and how a wrong one is refused."""

from typing import Any

import pytest

from capsnet_study.common.params import ParameterError
from capsnet_study.params import load_params
from capsnet_study.settings.names import changes, setting_change, setting_name
from capsnet_study.settings.params import Blocks, Setting, resolve
from tests.test_params import changed, refusal


def setting_of(**changes: Any) -> Setting:
    return Setting(["n3", "cnn"], 2, **changes)


@pytest.fixture(scope="module")
def main_setting() -> Blocks:
    params = load_params()
    return Blocks(params.data, params.model, params.capsules, params.train)


def test_a_setting_changes_what_it_names_and_nothing_else(main_setting: Blocks) -> None:
    setting = setting_of(data={"train_images": 7}, train={"epochs": 1, "lr_cnn": 0.5})
    found = setting.blocks(main_setting)
    assert (found.data.train_images, found.train.epochs, found.train.lr_cnn) == (7, 1, 0.5)
    assert setting_of(own_images=True).blocks(main_setting) == main_setting
    for name, block in main_setting._asdict().items():
        for key, value in vars(block).items():
            if key not in getattr(setting, name):
                assert getattr(getattr(found, name), key) == value


@pytest.mark.parametrize(
    "setting, expected",
    [
        (setting_of(data={"epochs": 1}), "settings: data.epochs: no such key"),
        (
            setting_of(train={"epochs": 0}),
            r"settings: train.epochs = 0: .*greater than or equal to 1",
        ),
        (setting_of(data={"source": "svhn"}), "settings: data.source = 'svhn'"),
    ],
)
def test_a_change_that_cannot_be_made_is_named(
    setting: Setting, expected: str, main_setting: Blocks
) -> None:
    with pytest.raises(ParameterError, match=expected):
        setting.blocks(main_setting)


@pytest.mark.parametrize(
    "key, text, expected",
    [
        ("settings/gain/capsules", "{gain: 1.0}", ["settings.gain", "gain"]),
        ("settings/tuned", "{arms: [n3], trials: 1, own_images: true}", ["settings.tuned"]),
        ("settings/seeds", "{arms: [n3], trials: 1, train: {seed: 9}}", ["settings.seeds"]),
        ("settings/same", "{arms: [n3], trials: 1}", ["settings.same: nothing differs"]),
        ("settings/a.b", "{arms: [n3], trials: 1, own_images: true}", ["a.b"]),
        ("settings/short/routing", "{eta: 0.5}", ["settings.short.routing"]),
        ("settings/short/arms", "[n4]", ["settings.short: arms: 'n4'", "n3"]),
        ("settings/short/arms", "[n3, n3]", ["settings.short", "'n3' is listed twice"]),
        ("settings/short/keep", "[n2]", ["settings.short", "'n2' is none of arms"]),
        ("settings/short/trials", "0", ["settings.short.trials", "0"]),
        ("settings/short/train", "{trials: 4}", ["settings.short", "train.trials"]),
    ],
)
def test_a_wrong_block_is_refused(key: str, text: str, expected: list[str]) -> None:
    message = refusal(changed(key, text))
    assert all(part in message for part in expected), message


def test_a_resolved_setting_has_its_arms_and_trials_and_all_that_it_shares(
    main_setting: Blocks,
) -> None:
    found = resolve(setting_of(train={"epochs": 1}, keep=["n3"]), main_setting, load_params().arms)
    assert list(found.arms) == ["n3", "cnn"] and found.keep == ["n3"]
    assert (found.train.trials, found.train.epochs) == (2, 1)
    assert (found.data, found.model) == (main_setting.data, main_setting.model)
    with pytest.raises(ParameterError, match="'n4': an arm of sweep or ablations"):
        resolve(Setting(["n4"], 1), main_setting, load_params().arms)


def test_a_setting_says_what_differs() -> None:
    setting = setting_of(model={"conv_channels": 64}, own_images=True)
    assert setting_change(setting) == "model.conv_channels = 64, images of its own for each trial"


def test_settings_are_called_after_what_differs(main_setting: Blocks) -> None:
    settings = load_params().settings
    called = {setting_name(key): setting.blocks(main_setting) for key, setting in settings.items()}
    main = main_setting
    epochs = [called[f"{how} training"].train.epochs for how in ("shorter", "longer")]
    assert epochs[0] < main.train.epochs < epochs[1]
    assert called["smaller initial gain"].capsules.init_gain < main.capsules.init_gain
    slow = called["lower learning rate"].train
    assert slow.lr_capsnet < main.train.lr_capsnet and slow.lr_cnn < main.train.lr_cnn
    wide = called["wider networks"].model
    assert wide.conv_channels > main.model.conv_channels
    assert wide.primary_groups > main.model.primary_groups
    assert called["Fashion-MNIST"].data.source == "fashion" != main.data.source
    assert [called[f"seed {seed}"].train.seed for seed in (2, 3)] == [2, 3]
    fresh = called["no image twice"]
    assert fresh.train.epochs == 1
    assert fresh.data.train_images == main.data.train_images * main.train.epochs  # as many steps
    assert [setting_name(key) for key, one in settings.items() if one.own_images] == [
        "own images per trial"
    ]


def test_of_each_setting_is_told_what_differs_and_of_the_main_study_nothing() -> None:
    expected = changes(
        {"short": setting_of(train={"epochs": 1}), "images": setting_of(own_images=True)}
    )
    assert list(expected) == ["main", "tuned", "short", "images"]
    assert (expected["main"], expected["short"]) == ("", "train.epochs = 1")
    assert expected["tuned"] and expected["images"]
