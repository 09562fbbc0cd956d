"""Mean and spread over the trials of an arm, and what they are called below a figure."""

from collections.abc import Iterable

import pandas as pd

from capsnet_study.training.arms import Arms, arms_in, in_order, without_own_gain


def shown_arms(table: pd.DataFrame) -> Arms:
    """The arms of a fitting table that figures show, in the order of legends.

    Arms with an initial gain of their own, which are there for their sensitivity, are left out.
    """
    return in_order(without_own_gain(arms_in(table)))


def over_trials(table: pd.DataFrame, arm: str, column: str) -> pd.DataFrame:
    """Mean, standard deviation and number of the trials of an arm at each step.

    Returns
    -------
    DataFrame
        Columns step, mean, std (NaN when there is one trial) and n, one row a step.
    """
    rows = table.loc[table["arm"] == arm].dropna(subset=[column])
    grouped = rows.groupby("step")[column].agg(["mean", "std", "count"])
    return grouped.rename(columns={"count": "n"}).reset_index()


def trials_text(table: pd.DataFrame, arms: Iterable[str]) -> str:
    """What the bands show and from how many trials, such as 'mean ± 1 s.d., 5 trials'."""
    counts = table.loc[table["arm"].isin(list(arms))].groupby("arm")["trial"].nunique()
    if counts.empty:
        return "no such arm in the table"
    return spread_of(counts)


def spread_of(counts: Iterable[int]) -> str:
    """The same from the numbers of trials."""
    several = count_range(counts)
    return "1 trial" if several == "1" else f"mean ± 1 s.d., {several} trials"


def count_range(counts: Iterable[int]) -> str:
    """The least and the greatest of some numbers, or the one that there is.

    >>> count_range([5, 3, 5]), count_range([5])
    ('3–5', '5')
    """
    found = {*counts}
    return "–".join(dict.fromkeys([str(min(found)), str(max(found))]))
