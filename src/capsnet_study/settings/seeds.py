"""The main study on more seeds: settings that differ from it in the seed alone, together."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import pandas as pd

from capsnet_study.settings.builtin import MAIN
from capsnet_study.settings.params import Blocks, Setting


def other_seeds(settings: Mapping[str, Setting], main: Blocks) -> list[str]:
    """Return settings in which the seed of the trainings differs, and nothing else; one a seed."""
    found = {main.train.seed: ""}
    for name, setting in settings.items():
        train = setting.blocks(main).train
        as_main = main._replace(train=replace(main.train, seed=train.seed))
        if not setting.own_images and setting.blocks(main) == as_main:
            found.setdefault(train.seed, name)
    return list(found.values())[1:]


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
