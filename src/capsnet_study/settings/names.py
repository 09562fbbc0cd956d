"""What settings are called, wherever they are shown, and what differs there."""

from __future__ import annotations

from collections.abc import Mapping

from capsnet_study.settings.builtin import BUILTIN_SETTINGS, DECAY, MAIN, SEEDS, TUNED
from capsnet_study.settings.params import Blocks, Setting

SETTING_NAMES = {
    MAIN: "main study",
    SEEDS: "main study, all seeds",
    TUNED: "each arm tuned",
    DECAY: "with weight decay",
    "fresh": "no image twice",
    "fashion": "Fashion-MNIST",
    "seed2": "seed 2",
    "seed3": "seed 3",
    "short": "shorter training",
    "images": "own images per trial",
    "gain": "smaller initial gain",
    "rate": "lower learning rate",
    "wide": "wider networks",
    "long": "longer training",
    "decay_long": "longer, with weight decay",
    "caps32": "32 Cap1 capsules",
    "half": "half the paper's width",
    "paper": "the paper's size",
}


def setting_name(key: str) -> str:
    """Return the name of a setting; its key, if it has no other."""
    return SETTING_NAMES.get(key, key)


def changes(settings: Mapping[str, Setting]) -> dict[str, str]:
    """Return what differs in each setting: nothing in the main study."""
    return BUILTIN_SETTINGS | {name: setting_change(setting) for name, setting in settings.items()}


def setting_change(setting: Setting) -> str:
    """Return what differs in a setting, as in params.yaml.

    >>> fresh = Setting(["n1"], 3, data={"train_images": 9}, train={"epochs": 1})
    >>> setting_change(fresh)
    'data.train_images = 9, train.epochs = 1'
    """
    changed = [
        f"{block}.{key} = {value}"
        for block in Blocks._fields
        for key, value in getattr(setting, block).items()
    ]
    own = ["images of its own for each trial"] if setting.own_images else []
    return ", ".join([*changed, *own])
