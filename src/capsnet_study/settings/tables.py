"""All settings in one table, with one row per trial of each arm."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from capsnet_study.fitting.tables import gather_arms, summarise_trials
from capsnet_study.training.arms import Arm, facts_in


def gather_settings(
    histories: Mapping[tuple[str, str], pd.DataFrame],
    arms: Mapping[tuple[str, str], Arm],
    seeds: Mapping[str, int],
) -> pd.DataFrame:
    """Return one row per setting, arm and trial: `summarise_trials` and the facts of the arm.

    Parameters
    ----------
    histories
        Evaluations by setting and arm; an arm that a setting lacks has no rows there.
    arms
        What each of them trained.
    seeds
        By setting, that of the training runs.
    """
    parts = []
    for setting in dict.fromkeys(setting for setting, _ in histories):
        own = {arm: rows for (where, arm), rows in histories.items() if where == setting}
        table = gather_arms(own, {arm: arms[setting, arm] for arm in own})
        trials = summarise_trials(table).merge(facts_in(table), on="arm")
        parts.append(trials.assign(setting=setting, seed=seeds[setting]))
    table = pd.concat(parts, ignore_index=True)
    return table[["setting", "seed", *table.columns.drop(["setting", "seed"])]]
