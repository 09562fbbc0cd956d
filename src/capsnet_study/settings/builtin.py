"""Settings that exist without an entry in params.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from capsnet_study.training.arms import Arm, CapsNetArm

MAIN = "main"  # the main study is a setting beside the others
TUNED = "tuned"  # so are those arms of `ablations` that are an arm of the sweep tuned by itself
BUILTIN_SETTINGS = {MAIN: "", TUNED: "learning rate and initial gain of each arm by itself"}
"""What differs there from the main study."""
SEEDS = "seeds"  # the main study and the settings that differ from it in the seed alone, as one


def tuned_arms(sweep: Mapping[str, Arm], ablations: Mapping[str, Arm]) -> dict[str, str]:
    """Return, by arm of the sweep, the arm of `ablations` that is the same but tuned by itself.

    >>> usual = CapsNetArm(3, 1.0, model="capsnet")
    >>> tuned_arms({"n3": usual}, {"n3_tuned": replace(usual, lr=0.01, init_gain=0.5, trials=3)})
    {'n3': 'n3_tuned'}
    """
    return {
        key: other
        for key, arm in sweep.items()
        for other, candidate in ablations.items()
        if candidate.lr is not None and _untuned(candidate) == _untuned(arm)
    }


def _untuned(arm: Arm) -> Arm:
    """Return an arm without a learning rate, initial gain and number of trials of its own."""
    gain = {"init_gain": None} if isinstance(arm, CapsNetArm) else {}
    return replace(arm, lr=None, trials=None, **gain)
