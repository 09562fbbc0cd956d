"""Made-up results of interventions: one builder for each table that figures and charts read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from capsnet_study.claims.records import Claims
from capsnet_study.routing.params import ONE_UPDATE
from capsnet_study.training.arms import Arm, CapsNetArm, CNNArm, YokedArm, facts_of
from tests.tables import ARMS, claim_record, part_record


def _arm(n_iter: int, eta: float = 1.0, **changes: Any) -> CapsNetArm:
    return CapsNetArm(n_iter=n_iter, eta=eta, model="capsnet", **changes)


_OTHERS = {"attention": 2, "kmeans": 4, "self_attention": 2, "self_routing": 2, "max_min": 3}
_OTHERS |= {"leaky": 3, "em": 3, "over_lower": 3, "fixed_random": 2}
ABLATIONS: dict[str, Arm] = {
    "n9_late": _arm(9, routed_from=0.25),
    "n9_early": _arm(9, routed_until=0.25, n_iter_outside=3),
    "n9_late3": _arm(9, routed_from=0.25, n_iter_outside=3),
    "n3_late": _arm(3, routed_from=0.25),
    "n3_r1": _arm(3, routed="r1"),
    "n3_r2": _arm(3, routed="r2"),
    **{
        f"n{n}_h{target:g}".replace(".", "p"): _arm(n, certainty=target)
        for n in (3, 9)
        for target in (0.99, 0.95, 0.85, 0.7)
    },
    **{
        f"n{n}_h{target:g}_last".replace(".", "p"): _arm(n, gradient="last", certainty=target)
        for n in (3, 9)
        for target in (0.95, 0.85)
    },
    "n3_sham": _arm(3, couplings_of="other"),
    **{f"n6_eta{eta:g}".replace(".", "p"): _arm(6, eta) for eta in (0.02, 0.05, 0.2)},
    "n6_fitness_reversed": _arm(6, 1.0, eta_max=0.01),
    "n3_tau0p5": _arm(3, temperature=0.5),
    "n3_tau2": _arm(3, temperature=2.0),
    **{name: _arm(n, algorithm=name, init_gain=1.0) for name, n in _OTHERS.items()},
    "n1_tuned": _arm(1, lr=0.004, init_gain=0.7),
    "n3_tuned": _arm(3, lr=0.003, init_gain=0.5),
    "n9_tuned": _arm(9, lr=0.002, init_gain=0.35),
    "cnn_tuned": CNNArm("cnn", lr=0.002),
    "n3_as_n9": YokedArm(3, 1.0, model="capsnet", certainty_of="n9"),
    "n9_as_n3": YokedArm(9, 1.0, model="capsnet", certainty_of="n3"),
}
ALL_ARMS: dict[str, Arm] = ARMS | ABLATIONS
CAUSE_STEPS = (0, 2, 10, 35, 117, 386, 1159, 1931, 3090, 3862)
CAPSULES, TRIALS = 10, 5
LOG_J = float(np.log(CAPSULES))
N_TEST, TEMPERATURES = (1, 2, 3, 5, 7, 9), (0.5, 2.0, 4.0)


def final_share(arm: Arm) -> float:
    """H / log J of R1 at the end: the lower the more iterations; NaN of a CNN."""
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
    """The exact match reached: highest where couplings are neither uniform nor certain."""
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
    """The tables ``plots/fitting.csv`` and ``plots/ablations.csv``, one below the other."""
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
    """The table ``plots/trials.csv`` as far as figures read it."""
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
    n_test: Sequence[int] = N_TEST,
    layers: Sequence[str] = ("r1", "r2", "both"),
) -> pd.DataFrame:
    """The table ``plots/interventions.csv``."""
    rng = np.random.default_rng(2)
    changes: list[tuple[str, float]] = [("n_test", float(n)) for n in n_test]
    changes += [(name, np.nan) for name in ("uniform", "mean", "pair_mean", "shuffled")]
    changes += [("temperature", value) for value in TEMPERATURES]
    worst = {"uniform": 0.2, "mean": 0.12, "pair_mean": 0.05, "shuffled": 0.35}
    weight = {"r1": 0.4, "r2": 0.7, "both": 1.0}
    rows = []
    for key in keys:
        n_iter = ALL_ARMS[key].n_iter
        for trial in range(trials):
            own = final_match(ALL_ARMS[key]) + rng.normal(0, 0.004)
            place = {"arm": key, "trial": trial}
            rows.append(place | _tested("both", "none", np.nan, own))
            for layer in layers:
                for change, value in changes:
                    loss = worst.get(change, 0.02 * abs(np.log2(value)) if value == value else 0)
                    if change == "n_test":
                        loss = 0.02 * abs(value - n_iter)
                    loss *= weight[layer] * (0.1 if n_iter == 1 else 1)
                    noise = rng.normal(0, 0.003) * (change != "n_test" or value != n_iter)
                    rows.append(place | _tested(layer, change, value, own - loss + noise))
    columns = ["arm", "trial", "layer", "change", "value", "exact_match", "half_credit"]
    return pd.DataFrame(rows, columns=columns)


def _tested(layer: str, change: str, value: float, match: float) -> dict[str, Any]:
    found = {"layer": layer, "change": change, "value": value}
    return found | {"exact_match": match, "half_credit": (1 + match) / 2}


def exposure(
    keys: Sequence[str] = ("n1", "n2", "n3", "n5", "n7", "n9", "n9_late"), trials: int = TRIALS
) -> pd.DataFrame:
    """The table ``plots/exposure.csv``."""
    rng = np.random.default_rng(3)
    shares = {f"{kind}_{j}": 1 / CAPSULES for kind in ("mass", "gradient") for j in range(CAPSULES)}
    rows = []
    for key in keys:
        for trial in range(trials):
            for place, step in enumerate(CAUSE_STEPS):
                fall = (1 - final_share(ALL_ARMS[key])) * place / len(CAUSE_STEPS)
                mass, gradient = (CAPSULES - 10 * k * fall - rng.uniform(0, 0.2) for k in (1, 2))
                found = {"effective_mass": mass, "effective_gradient": gradient}
                rows.append(
                    {"arm": key, "trial": trial, "step": step, "epoch": 0.0} | found | shares
                )
    columns = ["arm", "trial", "step", "epoch", "effective_mass", "effective_gradient", *shares]
    return pd.DataFrame(rows, columns=columns)


def mechanism_claims() -> Claims:
    """Claims about causes: one of each outcome, two parts each."""
    first = {
        "contradicted": part_record(of="n9_late", minus="n9", low=-0.03, high=-0.01, p=0.98),
        "inconclusive": part_record(of="n3_h0p85_last", minus="n3_h0p85", p=0.21, bound=0.005),
        "not evaluated": part_record(of="n9_as_n3", mean=None, low=None, high=None, n=0),
        "reproduced": part_record(of="n3_sham", minus="n3", side="below", p=0.00002),
    }
    second = part_record(
        of="n9_early", minus="n9", measure="area_under_curve", p=0.034, outcome="reproduced"
    )
    return {
        f"X{place}": claim_record(
            replace(part, outcome=outcome),
            second,
            kind="mechanism",
            title=f"A cause of the loss, and what would follow, {outcome}",
            verdict=outcome,
            p=part.p,
            p_holm=part.p and min(1.0, 4 * part.p),
        )
        for place, (outcome, part) in enumerate(first.items(), start=1)
    }
