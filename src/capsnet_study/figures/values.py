"""What figures draw of a table of evaluations: a row per arm, trial and evaluation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from capsnet_study.training.arms import Arm, Arms, CapsNetArm, arms_in, in_order

PERCENT = 100
SCALE = {"exact_match": PERCENT}  # of what is drawn in another unit than in its table


def all_arms(table: pd.DataFrame) -> Arms:
    """Return every arm of a table, in the order of legends."""
    return in_order(arms_in(table))


def chosen_arms(table: pd.DataFrame, keys: Iterable[str]) -> Arms:
    """Return those of some arms that a table has, in the order of the keys."""
    arms = arms_in(table)
    return {key: arms[key] for key in keys if key in arms}


def held_arms(arms: Mapping[str, Arm], gradient: str) -> dict[str, CapsNetArm]:
    """Return the arms of which H / log J of R1 is held at a level, by that level."""
    found = {
        key: arm
        for key, arm in arms.items()
        if isinstance(arm, CapsNetArm)
        and isinstance(arm.certainty, float)
        and arm.gradient == gradient
    }
    return dict(sorted(found.items(), key=lambda item: item[1].certainty))


def over_trials(table: pd.DataFrame, arm: str, column: str = "exact_match") -> pd.DataFrame:
    """Return mean and standard deviation over the trials of an arm, exact match in percent.

    Returns
    -------
    DataFrame
        Columns mean and std, which is NaN where there is one trial; indexed by step.
    """
    rows = table.loc[table["arm"] == arm].dropna(subset=[column])
    return SCALE.get(column, 1) * rows.groupby("step")[column].agg(["mean", "std"])


def final(table: pd.DataFrame, arm: str, column: str = "exact_match") -> pd.Series:
    """Return what the trials of an arm have at the last evaluation, exact match in percent.

    It is indexed by trial, so that the difference of two arms is paired by trial.
    """
    rows = table.loc[table["arm"] == arm]
    last = rows.loc[rows["step"] == rows["step"].max()]
    return SCALE.get(column, 1) * last.set_index("trial")[column].astype(float)
