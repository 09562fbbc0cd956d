"""The tables that claims are judged on: units, groups of arms, and the measures made of them."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from capsnet_study.claims.declarations import Group
from capsnet_study.training.arms import arms_in, capsule_arms, routed_arms, routed_full_arms

ARM = dict.fromkeys(("fitting", "mechanism", "interventions"), "arm")
ARM |= dict.fromkeys(("manifold", "transfer"), "model")
UNIT = {key: ["trial"] for key, name in ARM.items() if name == "arm"}
UNIT |= {"manifold": ["trial", "pair"], "transfer": ["split", "direction"]}
GROUPS = {
    "capsule_arms": capsule_arms,
    "routed_arms": routed_arms,
    "routed_full_arms": routed_full_arms,
}
WITHOUT_TRIALS = ("pixels", "pca")  # nothing is trained: their one value stands beside every trial
BASES = {"drop": "base", "longdrop": "base_long"}  # prefix of the drops from it

Tables = Mapping[str, pd.DataFrame]


def with_measures(tables: Tables) -> dict[str, pd.DataFrame]:
    """Return the tables with those of one row a scheme or change made into measures of a unit."""
    made = {"transfer": transfer_measures, "interventions": intervention_losses}
    return {name: made[name](table) if name in made else table for name, table in tables.items()}


def transfer_measures(transfer: pd.DataFrame) -> pd.DataFrame:
    """One row a model, split and direction: differences of exact matches between schemes.

    drop_<scheme> and longdrop_<scheme> are those of ``base`` and of ``base_long`` less the
    scheme's (NaN where there is no such base), gap_1 and gap_2 those of B1B less A1B and of B2B
    less A2B.
    """
    index = ["model", *UNIT["transfer"]]
    scores = transfer.pivot(index=index, columns="scheme", values="exact_match")
    schemes = scores.drop(columns=list(BASES.values()), errors="ignore")
    nothing = pd.Series(np.nan, scores.index)
    drops = [
        schemes.rsub(scores.get(base, nothing), axis=0).add_prefix(f"{prefix}_")
        for prefix, base in BASES.items()
    ]
    gaps = {f"gap_{kept}": scores[f"B{kept}B"] - scores[f"A{kept}B"] for kept in (1, 2)}
    return pd.concat([*drops, pd.DataFrame(gaps)], axis="columns").reset_index()


def intervention_losses(interventions: pd.DataFrame) -> pd.DataFrame:
    """One row an arm and trial: exact match without any change less that with one.

    A column is loss_<change>_<layer>, with its value where the change has one:
    loss_uniform_r1, loss_n_test_1_both, loss_temperature_0.5_r2.
    """
    unit = [ARM["interventions"], *UNIT["interventions"]]
    plain = interventions["change"] == "none"
    before = interventions[plain].set_index(unit)["exact_match"]
    changed = interventions[~plain]
    columns = zip(changed["change"], changed["value"], changed["layer"], strict=True)
    named = changed.assign(measure=[_loss_name(*cells) for cells in columns])
    scores = named.pivot(index=unit, columns="measure", values="exact_match")
    return scores.rsub(before, axis=0).reset_index()


def _loss_name(change: str, value: float, layer: str) -> str:
    return f"loss_{change}_{layer}" if np.isnan(value) else f"loss_{change}_{value:g}_{layer}"


def table_of(tables: Tables, name: str) -> pd.DataFrame:
    """Return a table; an empty one if it is not there."""
    return tables.get(name, pd.DataFrame(columns=[ARM[name]]))


def arms_of(table: pd.DataFrame, group: Group) -> list[str]:
    """Return the arms of a group that a table has, in its order.

    Groups are of the sweep: of a table with other arms, its column ``block`` says which are.
    """
    rows = table[table["block"] == "sweep"] if "block" in table else table
    return list(GROUPS[group](arms_in(rows))) if len(rows) else []


def values_of(name: str, table: pd.DataFrame, arm: str | None, measure: str) -> pd.DataFrame:
    """Return a measure of one arm, one row a unit; NaN where a unit has no value.

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
    """Return a measure of one arm less that of another, by the units that both have."""
    left, right = (values_of(name, table, key, measure) for key in (arm, other))
    both = left.merge(
        right,
        on=[key for key in UNIT[name] if key in left and key in right],
        suffixes=("", "_other"),
    )
    found = both.set_index([key for key in UNIT[name] if key in both]).astype(float)
    return found[measure] - found[f"{measure}_other"]
