"""All worlds in one table: what each trial of each arm reached there."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from capsnet_study.fitting.tables import gather_arms, summarise_trials
from capsnet_study.training.arms import Arm, facts_in


def gather_worlds(
    histories: Mapping[tuple[str, str], pd.DataFrame],
    arms: Mapping[tuple[str, str], Arm],
    seeds: Mapping[str, int],
) -> pd.DataFrame:
    """Return one row a world, arm and trial: the columns of `summarise_trials` and the arm's facts.

    Parameters
    ----------
    histories
        Evaluations by world and arm; an arm that a world lacks has no rows there.
    arms
        What each of them trained.
    seeds
        By world, that of the trainings.
    """
    parts = []
    for world in dict.fromkeys(world for world, _ in histories):
        own = {arm: rows for (where, arm), rows in histories.items() if where == world}
        table = gather_arms(own, {arm: arms[world, arm] for arm in own})
        trials = summarise_trials(table).merge(facts_in(table), on="arm")
        parts.append(trials.assign(world=world, seed=seeds[world]))
    table = pd.concat(parts, ignore_index=True)
    return table[["world", "seed", *table.columns.drop(["world", "seed"])]]
