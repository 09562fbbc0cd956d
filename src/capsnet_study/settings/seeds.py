"""The main study on more seeds: settings that differ from it in the seed alone, together."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import pandas as pd

from capsnet_study.settings.builtin import MAIN
from capsnet_study.settings.params import Blocks, Setting


def other_seeds(settings: Mapping[str, Setting], main: Blocks) -> list[str]:
    """Return settings in which only the seed of the training runs differs; one per seed."""
    by_seed: dict[int, str] = {}
    for name, setting in settings.items():
        blocks = setting.blocks(main)
        seed = blocks.train.seed
        as_main = main._replace(train=replace(main.train, seed=seed))
        if not setting.own_images and blocks == as_main and seed != main.train.seed:
            by_seed.setdefault(seed, name)
    return [*by_seed.values()]


def together(trials: pd.DataFrame, settings: Collection[str]) -> pd.DataFrame:
    """Return the main study and `settings` as one, its trials numbered anew over all seeds.

    Parameters
    ----------
    trials
        One row per setting, arm and trial, as `gather_settings` returns them. Arms that one of
        these settings lacks are left out.
    """
    rows = trials[trials["setting"].isin([MAIN, *settings])]
    everywhere = rows.groupby("arm")["setting"].nunique() == 1 + len(settings)
    rows = rows[rows["arm"].map(everywhere)].reset_index(drop=True)
    numbers = rows.groupby(["seed", "trial"], sort=False).ngroup()
    return rows.assign(setting=MAIN, trial=numbers)
