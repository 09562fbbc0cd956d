"""Made-up results of the arms of params.yaml: one builder per table that figures read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from capsnet_study.common.storage import read_yaml
from capsnet_study.params import parse_params
from capsnet_study.routing.params import ONE_UPDATE
from capsnet_study.training.arms import Arm, CNNArm, YokedArm, facts_of
from tests.project import ROOT
from tests.tables import ARMS

PARAMS = parse_params(read_yaml(ROOT / "params.yaml"))
ALL_ARMS: dict[str, Arm] = ARMS | PARAMS.ablations | PARAMS.yoked
CAUSE_STEPS = (0, 2, 10, 35, 117, 386, 1159, 1931, 3090, 3862)
TRIALS = 5
LOG_J = float(np.log(10))


def final_share(arm: Arm) -> float:
    """Return H / log J of R1 at the end: lower with more iterations, NaN for a CNN."""
    if isinstance(arm, CNNArm):
        return float("nan")
    if isinstance(arm, YokedArm):
        return 0.66 if arm.certainty_of == "n9" else 0.97
    if arm.certainty is not None:
        return float(arm.certainty)
    free = float(np.interp(arm.n_iter, [1, 2, 3, 5, 7, 9], [1, 0.993, 0.972, 0.887, 0.777, 0.66]))
    free = 0.99 if arm.algorithm in ONE_UPDATE else free
    rate = max(arm.eta, arm.eta_max or 0.0) / arm.temperature
    return 1 - (1 - free) * min(rate**0.9, 1.6)


def final_match(arm: Arm) -> float:
    """Return the final exact match: highest where couplings are neither uniform nor certain."""
    share = final_share(arm)
    if isinstance(arm, CNNArm):
        return 0.66 if arm.model == "cnn" else 0.56
    if share == 1 or arm.couplings_of == "other":
        return 0.65
    last = 0.012 if arm.gradient == "last" else 0.0
    return max(0.707 - 0.0028 * (np.log(1 - share) - np.log(0.05)) ** 2 - last, 0.6)


def evaluations(
    arms: Mapping[str, Arm] = ALL_ARMS, trials: int = TRIALS, steps: Sequence[int] = CAUSE_STEPS
) -> pd.DataFrame:
    """Return the tables ``plots/fitting.csv`` and ``plots/ablations.csv``, one below the other."""
    rng = np.random.default_rng(0)
    luck = rng.normal(0, 0.004, trials)
    rows = []
    for key, arm in arms.items():
        share = final_share(arm)
        for trial in range(trials):
            own = rng.normal(0, 0.002)
            for step in steps:
                progress = (step / steps[-1]) ** 0.35
                slower = 0.15 * np.nan_to_num(1 - share) * progress * (1 - progress)
                match = 0.014 + (final_match(arm) + luck[trial] + own - 0.014) * progress - slower
                place = facts_of(key, arm) | {"trial": trial, "step": step, "exact_match": match}
                now = 1 - (1 - share) * progress
                couplings = {"entropy_share_r1": now, "entropy_r1": now * LOG_J}
                rows.append(place | couplings | {"entropy_share_r2": 0.9 * now})
    columns = ["trial", "step", "exact_match", "entropy_share_r1", "entropy_r1", "entropy_share_r2"]
    return pd.DataFrame(rows, columns=None if rows else [*facts_of("", ARMS["n3"]), *columns])


def mechanism_trials(arms: Mapping[str, Arm] = ALL_ARMS, trials: int = TRIALS) -> pd.DataFrame:
    """Return the table ``plots/trials.csv`` as far as figures read it."""
    rng = np.random.default_rng(1)
    rows = []
    for key, arm in arms.items():
        gap = LOG_J * (1 - final_share(arm)) / 2
        for trial in range(trials):
            found = np.log(gap) + rng.normal(0, 0.1) if gap > 0 else np.nan
            match = final_match(arm) + rng.normal(0, 0.004)
            row = {"arm": key, "trial": trial, "exact_match": match, "log_gap_at_tenth": found}
            rows.append(row | {"block": "sweep" if key in ARMS else "ablations"})
    return pd.DataFrame(rows, columns=["arm", "trial", "exact_match", "log_gap_at_tenth", "block"])


def interventions(
    keys: Sequence[str] = ("n1", "n2", "n3", "n5", "n7", "n9", "n6_eta1", "n3_last"),
    trials: int = TRIALS,
    n_test: Sequence[int] = (1, 2, 3, 5, 7, 9),
    layers: Sequence[str] = ("r1", "r2", "both"),
) -> pd.DataFrame:
    """Return the table ``plots/interventions.csv``."""
    rng = np.random.default_rng(2)
    changes: list[tuple[str, float]] = [("n_test", float(n)) for n in n_test]
    changes += [(name, np.nan) for name in ("uniform", "mean", "pair_mean", "shuffled")]
    changes += [("temperature", value) for value in (0.5, 2.0, 4.0)]
    worst = {"uniform": 0.2, "mean": 0.12, "pair_mean": 0.05, "shuffled": 0.35}
    weight = {"r1": 0.4, "r2": 0.7, "both": 1.0}
    rows = []
    for key in keys:
        n_iter = ALL_ARMS[key].n_iter
        for trial in range(trials):
            own = final_match(ALL_ARMS[key]) + rng.normal(0, 0.004)
            rows.append((key, trial, "both", "none", np.nan, own))
            for layer in layers:
                for change, value in changes:
                    loss = worst.get(change, 0.02 * abs(np.log2(value)) if value == value else 0)
                    if change == "n_test":
                        loss = 0.02 * abs(value - n_iter)
                    loss *= weight[layer] * (0.1 if n_iter == 1 else 1)
                    noise = rng.normal(0, 0.003) * (change != "n_test" or value != n_iter)
                    rows.append((key, trial, layer, change, value, own - loss + noise))
    columns = ["arm", "trial", "layer", "change", "value", "exact_match"]
    return pd.DataFrame(rows, columns=columns)
