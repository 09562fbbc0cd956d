"""The tables that claims are judged on: units, groups of arms, measures made of several rows."""

from collections.abc import Mapping
from typing import NamedTuple, get_args

import numpy as np
import pandas as pd

from capsnet_study.claims.declarations import Group, OfSetting
from capsnet_study.training.arms import arms_in, capsule_arms, routed_arms, routed_full_arms

SETTINGS: tuple[OfSetting, ...] = get_args(OfSetting)
"""The settings on which some claims are judged: a table each, of the same name."""

ARM = {
    "fitting": "arm",
    "mechanism": "arm",
    "interventions": "arm",
    "manifold": "model",
    "transfer": "model",
    "new_splits": "model",
    **{name: "arm" for name in SETTINGS},
}
"""By table, the column of what is compared."""

UNIT = {
    "fitting": ["trial"],
    "mechanism": ["trial"],
    "interventions": ["trial"],
    "manifold": ["trial", "pair"],
    "transfer": ["split", "direction"],
    "new_splits": ["split", "direction"],
    **{name: ["trial"] for name in SETTINGS},
}
"""By table, the columns that values are paired by."""

GROUPS = {
    "capsule_arms": capsule_arms,
    "routed_arms": routed_arms,
    "routed_full_arms": routed_full_arms,
}
WITHOUT_TRIALS = ("pixels", "pca")  # nothing is trained: every trial is compared with one value


class SchemeGap(NamedTuple):
    """A difference in exact match between two transfer schemes."""

    of: str
    minus: str


SCHEME_GAPS = {
    "drop_A1B": SchemeGap("base", "A1B"),
    "drop_A2B": SchemeGap("base", "A2B"),
    "drop_B1B": SchemeGap("base", "B1B"),
    "drop_B2B": SchemeGap("base", "B2B"),
    "longdrop_A1B": SchemeGap("base_long", "A1B"),
    "longdrop_A2B": SchemeGap("base_long", "A2B"),
    "longdrop_B1B": SchemeGap("base_long", "B1B"),
    "longdrop_B2B": SchemeGap("base_long", "B2B"),
    "gap_1": SchemeGap("B1B", "A1B"),
    "gap_2": SchemeGap("B2B", "A2B"),
}
"""Measures of the tables ``transfer`` and ``new_splits``."""


class Intervention(NamedTuple):
    """A change of the couplings of trained networks; some changes have a value."""

    change: str
    value: float | None
    layer: str


LOSSES = {
    "loss_shuffled_both": Intervention("shuffled", None, "both"),
    "loss_shuffled_r1": Intervention("shuffled", None, "r1"),
    "loss_uniform_r1": Intervention("uniform", None, "r1"),
    "loss_n_test_1_both": Intervention("n_test", 1.0, "both"),
}
"""Measures of the table ``interventions``: the exact match that is lost by a change."""

Tables = Mapping[str, pd.DataFrame]


def with_measures(tables: Tables) -> dict[str, pd.DataFrame]:
    """Return the tables, those with one row per scheme or change as measures of units."""
    made = {
        "transfer": transfer_measures,
        "new_splits": transfer_measures,
        "interventions": intervention_losses,
    }
    return {name: made[name](table) if name in made else table for name, table in tables.items()}


def transfer_measures(transfer: pd.DataFrame) -> pd.DataFrame:
    """Return one row per model, split and direction, with the columns of `SCHEME_GAPS`.

    NaN where a scheme is missing.
    """
    index = [ARM["transfer"], *UNIT["transfer"]]
    scores = transfer.pivot(index=index, columns="scheme", values="exact_match")
    missing = pd.Series(np.nan, scores.index)
    measures = {
        name: scores.get(gap.of, missing) - scores.get(gap.minus, missing)
        for name, gap in SCHEME_GAPS.items()
    }
    return pd.DataFrame(measures).reset_index()


def intervention_losses(interventions: pd.DataFrame) -> pd.DataFrame:
    """Return one row per arm and trial, with the columns of `LOSSES`.

    NaN where a change was not made.
    """
    unit = [ARM["interventions"], *UNIT["interventions"]]
    before = _scores(interventions, "none", None, "both", unit)
    losses = {
        name: before - _scores(interventions, *intervention, unit)
        for name, intervention in LOSSES.items()
    }
    return pd.DataFrame(losses).reset_index()


def _scores(
    table: pd.DataFrame, change: str, value: float | None, layer: str, unit: list[str]
) -> pd.Series:
    """Return the exact match under one change by arm and trial."""
    rows = table[(table["change"] == change) & (table["layer"] == layer)]
    rows = rows[rows["value"].isna() if value is None else rows["value"] == value]
    return rows.set_index(unit)["exact_match"]


def table_of(tables: Tables, name: str) -> pd.DataFrame:
    """Return a table; an empty one if it is missing."""
    return tables.get(name, pd.DataFrame(columns=[ARM[name]]))


def arms_of(table: pd.DataFrame, group: Group) -> list[str]:
    """Return the arms of a group that a table has, in its order.

    Groups are of the sweep: of a table with other arms, its column ``block`` says which are.
    """
    rows = table[table["block"] == "sweep"] if "block" in table else table
    return list(GROUPS[group](arms_in(rows))) if len(rows) else []


def values_of(name: str, table: pd.DataFrame, arm: str | None, measure: str) -> pd.DataFrame:
    """Return a measure of one arm, one row per unit; NaN where a unit has no value.

    Raises
    ------
    ValueError
        The table has the arm, but no such measure.
    """
    units = [key for key in UNIT[name] if key != "trial" or arm not in WITHOUT_TRIALS]
    rows = table[table[ARM[name]] == arm]
    if rows.empty:
        return pd.DataFrame(columns=[*units, measure])
    if measure not in rows:
        raise ValueError(f"the {name} table has no measure {measure!r} (it has {list(rows)})")
    return rows[[*units, measure]]


def series_of(name: str, table: pd.DataFrame, arm: str | None, measure: str) -> pd.Series:
    """Return a measure of one arm by unit."""
    values = values_of(name, table, arm, measure)
    units = [key for key in UNIT[name] if key in values]
    return values.set_index(units)[measure].astype(float)


def paired(
    name: str, table: pd.DataFrame, arm: str | None, other: str | None, measure: str
) -> pd.Series:
    """Return a measure of one arm minus that of another, by the units that both have."""
    left, right = (values_of(name, table, key, measure) for key in (arm, other))
    both = left.merge(
        right,
        on=[key for key in UNIT[name] if key in left and key in right],
        suffixes=("", "_other"),
    )
    values = both.set_index([key for key in UNIT[name] if key in both]).astype(float)
    return values[measure] - values[f"{measure}_other"]
