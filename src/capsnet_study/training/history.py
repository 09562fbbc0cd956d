"""From the evaluations of several trials to one table, and to the metrics record of a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

EVALUATED = ("trial", "step", "exact_match")  # what every table of evaluations has
SUMMARISED = ["exact_match", "area_under_curve", *[f"recall_{digit}" for digit in range(10)]]
SUMMARISED += [
    f"{name}_r{layer}" for layer in (1, 2) for name in ("entropy", "entropy_share", "mi")
]
SUMMARISED += ["dead_share"]


def history_table(trials: Sequence[Sequence[Mapping[str, int | float]]]) -> pd.DataFrame:
    """Return one row a trial and evaluation."""
    parts = [pd.DataFrame(rows).assign(trial=trial) for trial, rows in enumerate(trials)]
    table = pd.concat(parts, ignore_index=True)
    return table[["trial", *table.columns.drop("trial")]]


def arms_table(histories: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the evaluations of several arms, one below the other, with the column ``arm`` first.

    Cells of measures that an arm lacks, as the entropies of a CNN, are empty.
    """
    parts = [rows.assign(arm=arm) for arm, rows in histories.items()]
    table = pd.concat(parts, ignore_index=True)
    return table[["arm", *table.columns.drop("arm")]]


def summarise_history(history: pd.DataFrame) -> dict[str, Any]:
    """Return the metrics record of one model: mean and s.d. over its trials, at the last step."""
    last = history.groupby("trial").tail(1).set_index("trial")
    areas = {trial: area_under_curve(rows) for trial, rows in history.groupby("trial")}
    last = last.assign(area_under_curve=pd.Series(areas))
    names = [name for name in SUMMARISED if name in last and last[name].notna().all()]
    record = {name: {"mean": last[name].mean(), "std": last[name].std()} for name in names}
    return {"trials": len(last), "steps": int(history["step"].max())} | record


def area_under_curve(history: pd.DataFrame) -> float:
    """Return the exact match of one trial averaged over its steps (trapezoids)."""
    steps, accuracy = history["step"].to_numpy(float), history["exact_match"].to_numpy(float)
    return float(np.trapezoid(accuracy, steps) / steps[-1])
