"""The main study on more seeds: worlds that are the main study but for the seed, taken together."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pandas as pd

from capsnet_study.worlds.own import MAIN
from capsnet_study.worlds.params import World


def seed_of(world: World, main: int) -> int:
    """Return the seed of the trainings of a world: the main study's, if it names none.

    >>> seed_of(World(train={"seed": 2}), 1), seed_of(World(train={"epochs": 8}), 1)
    (2, 1)
    """
    return world.train.get("seed", main)


def other_seeds(settings: Mapping[str, World], main: int) -> list[str]:
    """Return worlds in which the seed of the trainings differs, and nothing else; one a seed.

    >>> other_seeds({"seed2": World(train={"seed": 2}), "short": World(train={"epochs": 2})}, 1)
    ['seed2']
    """
    seeds = {name: seed_of(world, main) for name, world in settings.items()}
    only = {
        seeds[name]: name for name, w in settings.items() if w == World(train={"seed": seeds[name]})
    }
    return [name for seed, name in only.items() if seed != main]


def together(trials: pd.DataFrame, worlds: Collection[str], arms: Collection[str]) -> pd.DataFrame:
    """Return the main study and `worlds` as one, its trials numbered anew over all seeds.

    Parameters
    ----------
    trials
        One row a world, arm and trial, as `gather_worlds` gives them.
    arms
        The arms that all of these worlds train.
    """
    chosen = trials["world"].isin([MAIN, *worlds]) & trials["arm"].isin(arms)
    rows = trials[chosen].reset_index(drop=True)
    numbers = rows.groupby(["seed", "trial"], sort=False).ngroup()
    return rows.assign(world=MAIN, trial=numbers)
