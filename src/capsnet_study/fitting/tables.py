"""The arms of the sweep side by side: one table of all evaluations, one of all trials."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from capsnet_study.names import OF_R2
from capsnet_study.stats import spearman
from capsnet_study.training.arms import ARM_FACTS, FIRST_FACTS, Arm, CapsNetArm, facts_of
from capsnet_study.training.history import area_under_curve

UNIFORM_GAP = 1e-6  # nats below log J that single precision cannot tell from none
TRIAL_COLUMNS = [
    "arm",
    "trial",
    "exact_match",
    "area_under_curve",
    *OF_R2,
    *OF_R2.values(),
]
EARLY_COLUMNS = ["exact_match", "effective_mass", "effective_gradient"]  # looked at at a tenth
TRIAL_COLUMNS += [f"{column}_at_tenth" for column in EARLY_COLUMNS]
TRIAL_COLUMNS += ["log_gap_at_tenth", "entropy_at_third", "exact_match_at_third"]
SHARES = ["mass", "gradient"]  # of each Cap1 capsule: columns mass_0, mass_1, ...


def gather_arms(histories: Mapping[str, pd.DataFrame], arms: Mapping[str, Arm]) -> pd.DataFrame:
    """Return the histories of all `arms` as one table that names each arm and its settings.

    A setting in which every arm is as usual has no column, as `arms_in` has it.
    """
    parts = [histories[name].assign(**facts_of(name, arm)) for name, arm in arms.items()]
    table = pd.concat(parts, ignore_index=True)
    told = [name for name in ARM_FACTS if name in FIRST_FACTS or _is_ever_unusual(name, arms)]
    return table[[*told, *table.columns.drop(ARM_FACTS)]]


def _is_ever_unusual(fact: str, arms: Mapping[str, Arm]) -> bool:
    usual = facts_of("", CapsNetArm(1, 1.0, model="capsnet"))[fact]
    return any(getattr(arm, fact, usual) != usual for arm in arms.values())


def without_shares(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of evaluations without the shares of single capsules."""
    shares = [name for name in table if name.rpartition("_")[0] in SHARES and name[-1].isdecimal()]
    return table.drop(columns=shares)


def summarise_trials(table: pd.DataFrame) -> pd.DataFrame:
    """Return one row an arm and trial.

    Columns: exact_match (last evaluation), area_under_curve (mean over steps, trapezoid),
    entropy_first, entropy_last, entropy_change, entropy_at_tenth (R1, nats; the last at the
    evaluation that is nearest to 10 % of the steps), spearman_entropy_accuracy (over the
    evaluations of the trial; NaN where the entropy never changes), spearman_second_half (the same
    over those in the second half of the steps), and the same six of R2 with the suffix ``_r2``;
    exact_match, effective_mass and effective_gradient ``_at_tenth``; log_gap_at_tenth, log(log J -
    H) of R1 there (NaN under uniform coupling); entropy and exact_match ``_at_third``, at the
    evaluation that is nearest to 30 %.
    """
    rows = [
        {"arm": arm, "trial": trial} | _trial_summary(history)
        for (arm, trial), history in table.groupby(["arm", "trial"], sort=False)
    ]
    return pd.DataFrame(rows, columns=TRIAL_COLUMNS)


def _trial_summary(history: pd.DataFrame) -> dict[str, float]:
    early, third = (_nearest(history, share) for share in (0.1, 0.3))
    summary = {
        "exact_match": history["exact_match"].iloc[-1],
        "area_under_curve": area_under_curve(history),
        "exact_match_at_third": third["exact_match"],
    }
    summary |= {f"{name}_at_tenth": early[name] for name in EARLY_COLUMNS if name in history}
    if _has_entropy(history, "entropy_r1"):
        summary |= _entropy_summary(history, "entropy_r1")
    if _has_entropy(history, "entropy_r2"):
        of_r2 = _entropy_summary(history, "entropy_r2")
        summary |= {OF_R2[name]: value for name, value in of_r2.items()}
    if "entropy_last" in summary:
        summary |= {"entropy_at_third": third["entropy_r1"], "log_gap_at_tenth": _log_gap(early)}
    return summary


def _has_entropy(history: pd.DataFrame, column: str) -> bool:
    return column in history and bool(history[column].notna().all())


def _nearest(history: pd.DataFrame, share: float) -> pd.Series:
    """Return the evaluation that is nearest to a share of the steps."""
    steps = history["step"].to_numpy(float)
    return history.iloc[np.abs(steps - share * steps[-1]).argmin()]


def _log_gap(row: pd.Series) -> float:
    """Return log(log J - H) of R1, where H and H / log J tell log J; NaN under uniform coupling."""
    gap = row["entropy_r1"] * (1 / row["entropy_share_r1"] - 1) if row["entropy_share_r1"] else 0.0
    return float(np.log(gap)) if gap > UNIFORM_GAP else float("nan")


def _entropy_summary(history: pd.DataFrame, column: str) -> dict[str, float]:
    names = (column, "exact_match", "step")
    entropy, accuracy, steps = (history[name].to_numpy(float) for name in names)
    late = steps >= round(0.5 * steps[-1])  # as `evaluation_steps` rounds
    return {
        "entropy_first": entropy[0],
        "entropy_last": entropy[-1],
        "entropy_change": entropy[-1] - entropy[0],
        "entropy_at_tenth": _nearest(history, 0.1)[column],
        "spearman_entropy_accuracy": spearman(entropy, accuracy),
        "spearman_second_half": spearman(entropy[late], accuracy[late]),
    }
