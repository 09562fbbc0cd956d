"""What worlds are called, wherever they are shown, and what differs there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from capsnet_study.worlds.builtin import BUILTIN_WORLDS, MAIN, SEEDS, TUNED
from capsnet_study.worlds.params import World

WORLD_NAMES = {
    MAIN: "main study",
    SEEDS: "main study, all seeds",
    TUNED: "each arm at its best",
    "fresh": "no image twice",
    "fashion": "Fashion-MNIST",
    "seed2": "seed 2",
    "seed3": "seed 3",
    "short": "shorter training",
    "images": "own images a trial",
    "gain": "smaller initial gain",
    "rate": "lower learning rate",
    "wide": "wider networks",
    "long": "longer training",
}


def world_name(key: str) -> str:
    """Return the name of a world; its key, if it has no other."""
    return WORLD_NAMES.get(key, key)


def changes(settings: Mapping[str, World]) -> dict[str, str]:
    """Return what differs in each world: nothing in the main study, in others as in params.yaml."""
    return BUILTIN_WORLDS | {name: world_change(world) for name, world in settings.items()}


def world_change(world: World) -> str:
    """Return what differs in a world, as in params.yaml.

    >>> world_change(World(data={"train_images": 9}, train={"epochs": 1}))
    'data.train_images = 9, train.epochs = 1'
    """
    blocks = asdict(world)
    own = ["images of its own for each trial"] if blocks.pop("own_images") else []
    changed = [
        f"{block}.{key} = {value}" for block, keys in blocks.items() for key, value in keys.items()
    ]
    return ", ".join([*changed, *own])
