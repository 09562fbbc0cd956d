"""Which arms the figures of the causes show: chosen by what they are, never by their keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

import pandas as pd

from capsnet_study.training.arms import (
    SOFT_N_ITER,
    Arm,
    Arms,
    CapsNetArm,
    CNNArm,
    arms_in,
    in_order,
)

USUAL_N_ITER = 3  # what other arms are compared to
ETA = ("eta", "eta_max")
WHEN = ("routed_from", "routed_until", "n_iter_outside")
TUNED = ("lr", "init_gain")
BESIDE = (1, USUAL_N_ITER, 9)  # iterations of the sweep that other routings are compared with
CLAMP = ("certainty", "certainty_of", "gradient")
MISSING = "no such arm in this run"


def unusual(arm: Arm) -> set[str]:
    """Names of the settings in which an arm differs from plain routing by agreement, or its CNN.

    The number of iterations is none of them.

    >>> sorted(unusual(CapsNetArm(6, 0.1, "last", model="capsnet")))
    ['eta', 'gradient']
    """
    if isinstance(arm, CNNArm):
        usual: Arm = CNNArm(arm.model)
    else:
        usual = CapsNetArm(arm.n_iter, 1.0, model="capsnet")
    names = [field.name for field in fields(arm)]
    return {name for name in names if getattr(arm, name) != getattr(usual, name, None)}


def all_arms(table: pd.DataFrame) -> Arms:
    """Every arm of a table of evaluations, in the order of legends."""
    return in_order(arms_in(table))


def plain_arms(arms: Mapping[str, Arm], *n_iter: int) -> Arms:
    """CapsNets in which nothing is unusual, of these numbers of iterations or of all."""
    return {
        key: arm
        for key, arm in arms.items()
        if isinstance(arm, CapsNetArm) and not unusual(arm) and (arm.n_iter in n_iter or not n_iter)
    }


def usual_arm(arms: Mapping[str, Arm]) -> str | None:
    """The key of the arm that others are compared to; None where it is missing."""
    return next(iter(plain_arms(arms, USUAL_N_ITER)), None)


def step_groups(arms: Mapping[str, Arm]) -> dict[str, Arms]:
    """What is compared to n = 3 step by step: other numbers of iterations, and any η at n = 6."""
    soft = {
        key: arm
        for key, arm in arms.items()
        if isinstance(arm, CapsNetArm) and arm.n_iter == SOFT_N_ITER and unusual(arm) <= {*ETA}
    }
    usual = usual_arm(arms)
    others = {key: arm for key, arm in plain_arms(arms).items() if key not in (usual, *soft)}
    return {"routing iterations": others, "update rate": soft}


def clamped_arms(arms: Mapping[str, Arm], n_iter: int, gradient: str) -> dict[str, CapsNetArm]:
    """Arms whose certainty is held at one target, by that target."""
    found = {
        key: arm
        for key, arm in arms.items()
        if isinstance(arm, CapsNetArm)
        and "certainty" in unusual(arm) <= {*CLAMP}
        and isinstance(arm.certainty, float)
        and (arm.n_iter, arm.gradient) == (n_iter, gradient)
    }
    return dict(sorted(found.items(), key=lambda item: item[1].certainty))


def yoked_arms(arms: Mapping[str, Arm], n_iter: int) -> Arms:
    """Arms that are as certain as another one has been, step by step."""
    return {
        key: arm
        for key, arm in arms.items()
        if isinstance(arm, CapsNetArm) and arm.n_iter == n_iter and "certainty_of" in unusual(arm)
    }


def timed_arms(arms: Mapping[str, Arm]) -> Arms:
    """Arms that change their number of iterations in the course of training."""
    return {
        key: arm
        for key, arm in arms.items()
        if {*WHEN[:2]} & unusual(arm) and unusual(arm) <= {*WHEN}
    }


def routing_kind(arm: Arm) -> str | None:
    """What sort of other routing an arm is; None for those that are none.

    >>> routing_kind(CapsNetArm(3, 1.0, model="capsnet")), routing_kind(CNNArm("cnn"))
    ('routing by agreement', 'CNN')
    """
    changed = unusual(arm)
    if {"lr"} <= changed <= {*TUNED}:
        return "tuned by itself"
    if not changed and isinstance(arm, CNNArm):
        return "CNN" if arm.model == "cnn" else None
    if not changed:
        return "routing by agreement" if arm.n_iter in BESIDE else None
    if "algorithm" in changed:
        return "another algorithm"
    kinds = {
        "temperature": "temperature",
        "couplings_of": "couplings of another image",
        "routed": "one layer routes",
    }
    return next((kind for name, kind in kinds.items() if changed == {name}), None)
