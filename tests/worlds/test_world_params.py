"""What a world may change, and how a wrong one is refused."""

import pytest

from capsnet_study.common.errors import ParameterError
from capsnet_study.params import load_params, parse_params, settings_like_main
from capsnet_study.worlds.names import changes, world_change, world_name
from capsnet_study.worlds.params import Setting, World, WorldMechanism, WorldParams
from tests.test_params import changed, refusal


@pytest.fixture(scope="module")
def main_setting() -> Setting:
    params = load_params()
    return Setting(params.data, params.model, params.capsules, params.train)


def test_a_world_changes_what_it_names_and_nothing_else(main_setting: Setting) -> None:
    world = World(data={"train_images": 7}, train={"epochs": 1, "lr_cnn": 0.5})
    found = world.setting(main_setting)
    assert (found.data.train_images, found.train.epochs, found.train.lr_cnn) == (7, 1, 0.5)
    assert World(own_images=True).setting(main_setting) == main_setting
    for name, block in main_setting._asdict().items():
        for key, value in vars(block).items():
            if key not in getattr(world, name):
                assert getattr(getattr(found, name), key) == value


@pytest.mark.parametrize(
    "world, told",
    [
        (World(data={"epochs": 1}), "settings: data.epochs: no such key"),
        (World(train={"epochs": 0}), r"settings: train.epochs = 0: .*greater than or equal to 1"),
        (World(data={"source": "svhn"}), "settings: data.source = 'svhn'"),
    ],
)
def test_a_change_that_cannot_be_made_is_named(
    world: World, told: str, main_setting: Setting
) -> None:
    with pytest.raises(ParameterError, match=told):
        world.setting(main_setting)


@pytest.mark.parametrize(
    "key, text, told",
    [
        ("worlds/settings/gain", "{capsules: {gain: 1.0}}", ["worlds.settings.gain", "gain"]),
        ("worlds/settings/tuned", "{own_images: true}", ["settings.tuned", "there already"]),
        ("worlds/settings/seeds", "{train: {seed: 9}}", ["settings.seeds", "there already"]),
        ("worlds/settings/same", "{}", ["settings.same: nothing differs"]),
        ("worlds/settings/a.b", "{own_images: true}", ["a.b"]),
        ("worlds/settings/x", "{routing: {eta: 0.5}}", ["worlds.settings.x.routing"]),
        ("worlds/arms", "[n4]", ["worlds.arms: 'n4'", "n3"]),
        ("worlds/mechanism/arms", "[n3]", ["worlds.mechanism.arms: 'n3'", "n9_late"]),
        ("worlds/arms", "[n3, n1, n3]", ["worlds.arms: 'n3' is listed twice"]),
        ("worlds/mechanism/arms", "[n9_late, n9_late]", ["mechanism.arms: 'n9_late' is listed"]),
        ("worlds/mechanism/worlds", "[fresh, fresh]", ["mechanism.worlds: 'fresh' is listed"]),
        ("worlds/mechanism/worlds", "[main]", ["mechanism.worlds: no world 'main'", "fresh"]),
        ("worlds/trials", "0", ["worlds.trials", "0"]),
    ],
)
def test_a_wrong_block_is_refused(key: str, text: str, told: list[str]) -> None:
    message = refusal(changed(key, text))
    assert all(part in message for part in told), message


@pytest.mark.parametrize(
    "key, text, like_main",
    [
        ("worlds/settings/short", "{train: {epochs: 4}}", "short"),
        ("worlds/settings/gain", "{capsules: {init_gain: 0.5}, own_images: false}", "gain"),
        ("train/epochs", "2", "short"),
        ("train/seed", "3", "seed3"),
        ("data/source", "fashion", "fashion"),
        ("train/epochs", "1", None),  # `fresh` has other images, too
        ("worlds/settings/images", "{own_images: true, train: {epochs: 4}}", None),
    ],
)
def test_a_setting_in_which_nothing_differs_is_refused(
    key: str, text: str, like_main: str | None
) -> None:
    document = changed(key, text)
    if like_main is None:
        assert settings_like_main(parse_params(document)) == []
        return
    told = refusal(document)
    assert told.startswith(f"params.yaml: worlds.settings.{like_main}: nothing differs")
    del document["worlds"]["settings"][like_main]
    document["worlds"]["mechanism"]["worlds"] = ["fresh"]
    assert parse_params(document)


def test_interventions_are_trained_in_their_worlds_only():
    settings = {"short": World(train={"epochs": 1}), "images": World(own_images=True)}
    worlds = WorldParams(["n3", "cnn"], 1, settings, WorldMechanism(["n9_late"], ["images"]))
    assert worlds.arms_in("short") == ["n3", "cnn"]
    assert worlds.arms_in("images") == ["n3", "cnn", "n9_late"]


def test_a_world_says_what_differs() -> None:
    world = World(model={"conv_channels": 64}, own_images=True)
    assert world_change(world) == "model.conv_channels = 64, images of its own for each trial"


def test_worlds_are_called_after_what_differs(main_setting: Setting) -> None:
    settings = load_params().worlds.settings
    called = {world_name(key): world.setting(main_setting) for key, world in settings.items()}
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
    assert [world_name(key) for key, one in settings.items() if one.own_images] == [
        "own images a trial"
    ]


def test_of_each_world_is_told_what_differs_and_of_the_main_study_nothing() -> None:
    told = changes({"short": World(train={"epochs": 1}), "images": World(own_images=True)})
    assert list(told) == ["main", "tuned", "short", "images"]
    assert (told["main"], told["short"]) == ("", "train.epochs = 1")
    assert told["tuned"] and told["images"]
