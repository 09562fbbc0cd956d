"""The main study on more seeds: worlds that are the main study but for the seed, taken together."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import pandas as pd

from capsnet_study.worlds.builtin import MAIN
from capsnet_study.worlds.params import Setting, World


def that_differ(settings: Mapping[str, World], main: Setting) -> dict[str, World]:
    """Return the worlds that are not the main study itself, as `seed2` is if that has seed 2."""
    return {
        name: world
        for name, world in settings.items()
        if world.own_images or world.setting(main) != main
    }


def other_seeds(settings: Mapping[str, World], main: Setting) -> list[str]:
    """Return worlds in which the seed of the trainings differs, and nothing else; one a seed."""
    found = {main.train.seed: ""}
    for name, world in that_differ(settings, main).items():
        train = world.setting(main).train
        as_main = main._replace(train=replace(main.train, seed=train.seed))
        if not world.own_images and world.setting(main) == as_main:
            found.setdefault(train.seed, name)
    return list(found.values())[1:]


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
