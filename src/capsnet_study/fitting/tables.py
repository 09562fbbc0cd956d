"""The arms of the sweep side by side: one table of all evaluations, one of all trials."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from capsnet_study.names import R2_SUFFIX
from capsnet_study.stats import spearman
from capsnet_study.training.arms import ARM_FACTS, Arm, facts_of
from capsnet_study.training.history import area_under_curve

ENTROPY_COLUMNS = [
    "entropy_first",
    "entropy_last",
    "entropy_change",
    "entropy_at_tenth",
    "spearman_entropy_accuracy",
    "spearman_second_half",
]
TRIAL_COLUMNS = [
    "arm",
    "trial",
    "exact_match",
    "area_under_curve",
    *ENTROPY_COLUMNS,
    *[f"{column}{R2_SUFFIX}" for column in ENTROPY_COLUMNS],
]


def gather_arms(histories: Mapping[str, pd.DataFrame], arms: Mapping[str, Arm]) -> pd.DataFrame:
    """Return the histories of all `arms` as one table that names each arm and its settings."""
    parts = [histories[name].assign(**facts_of(name, arm)) for name, arm in arms.items()]
    table = pd.concat(parts, ignore_index=True)
    return table[[*ARM_FACTS, *table.columns.drop(ARM_FACTS)]]


def summarise_trials(table: pd.DataFrame) -> pd.DataFrame:
    """Return one row an arm and trial.

    Columns: exact_match (last evaluation), area_under_curve (mean over steps, trapezoid),
    entropy_first, entropy_last, entropy_change, entropy_at_tenth (R1, nats; the last at the
    evaluation that is nearest to 10 % of the steps), spearman_entropy_accuracy (over the
    evaluations of the trial; NaN where the entropy never changes), spearman_second_half (the same
    over those in the second half of the steps), and the same six of R2 with the suffix ``_r2``.
    """
    rows = [
        {"arm": arm, "trial": trial} | _trial_summary(history)
        for (arm, trial), history in table.groupby(["arm", "trial"], sort=False)
    ]
    return pd.DataFrame(rows, columns=TRIAL_COLUMNS)


def _trial_summary(history: pd.DataFrame) -> dict[str, float]:
    summary = {
        "exact_match": history["exact_match"].iloc[-1],
        "area_under_curve": area_under_curve(history),
    }
    for layer, suffix in (("r1", ""), ("r2", R2_SUFFIX)):
        if f"entropy_{layer}" in history and history[f"entropy_{layer}"].notna().all():
            found = _entropy_summary(history, f"entropy_{layer}")
            summary |= {f"{name}{suffix}": value for name, value in found.items()}
    return summary


def _entropy_summary(history: pd.DataFrame, column: str) -> dict[str, float]:
    names = (column, "exact_match", "step")
    entropy, accuracy, steps = (history[name].to_numpy(float) for name in names)
    tenth = np.abs(steps - 0.1 * steps[-1]).argmin()
    late = steps >= round(0.5 * steps[-1])  # as `evaluation_steps` rounds
    return {
        "entropy_first": entropy[0],
        "entropy_last": entropy[-1],
        "entropy_change": entropy[-1] - entropy[0],
        "entropy_at_tenth": entropy[tenth],
        "spearman_entropy_accuracy": spearman(entropy, accuracy),
        "spearman_second_half": spearman(entropy[late], accuracy[late]),
    }
