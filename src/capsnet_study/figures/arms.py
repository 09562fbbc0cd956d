"""Which arms a fitting table holds, and their mean and spread over the trials."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd

SOFT_N_ITER = 6  # the paper varies eta at this number of iterations (figures 2b and 3)
ARM_COLUMNS = ["arm", "model", "n_iter", "eta", "eta_max", "gradient", "init_gain"]


class Arm(NamedTuple):
    """One arm of the sweep: what was trained (routing fields are NaN or None for a CNN)."""

    name: str
    model: str
    n_iter: float
    eta: float
    eta_max: float
    gradient: str | None

    @property
    def follows_fitness(self) -> bool:
        """Whether eta rises from `eta` to `eta_max` with the training accuracy."""
        return not np.isnan(self.eta_max)


def arms_of(table: pd.DataFrame) -> list[Arm]:
    """The arms of a fitting table, ordered by model, number of iterations and eta.

    Arms with an initial gain of their own, which are there for their sensitivity, are left out.
    """
    rows = table.loc[table["init_gain"].isna(), ARM_COLUMNS].drop_duplicates("arm")
    arms = [
        Arm(row.arm, row.model, _number(row.n_iter), _number(row.eta), _number(row.eta_max),
            row.gradient if isinstance(row.gradient, str) else None)
        for row in rows.itertuples()
    ]  # fmt: skip
    return sorted(arms, key=_order)


def _number(cell: object) -> float:
    return np.nan if pd.isna(cell) else float(cell)


def _order(arm: Arm) -> tuple:
    routing = (np.nan_to_num(arm.n_iter), arm.follows_fitness, np.nan_to_num(arm.eta))
    return (arm.model != "capsnet", arm.model, *routing, arm.gradient == "last", arm.name)


def n_iter_arms(arms: Iterable[Arm]) -> list[Arm]:
    """Routing by agreement (eta = 1, full gradient) with any number of iterations (figure 2a)."""
    return [
        arm for arm in arms
        if arm.model == "capsnet" and arm.eta == 1 and not arm.follows_fitness
        and arm.gradient == "full" and arm.n_iter != SOFT_N_ITER
    ]  # fmt: skip


def eta_arms(arms: Iterable[Arm]) -> list[Arm]:
    """Six iterations at any eta, the one driven by fitness last (figure 2b)."""
    return [
        arm for arm in arms
        if arm.model == "capsnet" and arm.gradient == "full" and arm.n_iter == SOFT_N_ITER
    ]  # fmt: skip


def reference_arms(arms: Iterable[Arm]) -> list[Arm]:
    """The plain CNN."""
    return [arm for arm in arms if arm.model == "cnn"]


def over_trials(table: pd.DataFrame, arm: Arm, column: str) -> pd.DataFrame:
    """Mean, standard deviation and number of the trials of an arm at each step.

    Returns
    -------
    DataFrame
        Columns step, mean, std (NaN when there is one trial) and n, one row a step.
    """
    rows = table.loc[table["arm"] == arm.name].dropna(subset=[column])
    grouped = rows.groupby("step")[column].agg(["mean", "std", "count"])
    return grouped.rename(columns={"count": "n"}).reset_index()


def trials_text(table: pd.DataFrame, arms: Iterable[Arm]) -> str:
    """What the bands show and from how many trials, such as 'mean ± 1 s.d., 5 trials'."""
    names = [arm.name for arm in arms]
    counts = table.loc[table["arm"].isin(names)].groupby("arm")["trial"].nunique()
    if counts.empty:
        return "no such arm in the table"
    low, high = counts.min(), counts.max()
    if high == 1:
        return "1 trial"
    return f"mean ± 1 s.d., {high if low == high else f'{low}–{high}'} trials"
