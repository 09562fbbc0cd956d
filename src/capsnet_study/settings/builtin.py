"""Settings that exist without an entry in params.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from capsnet_study.training.arms import Arm, CapsNetArm

MAIN = "main"  # the main study is a setting beside the others
TUNED = "tuned"  # so are the arms of the sweep, tuned one by one, without and with weight decay
DECAY = "decay"
BUILTIN_SETTINGS = {
    MAIN: "",
    TUNED: "learning rate and initial gain chosen for each arm",
    DECAY: "learning rate and weight decay chosen for each arm",
}
"""What differs there from the main study."""
SEEDS = "seeds"  # the main study and the settings that differ from it in the seed alone, as one


def tuned_versions(arms: Mapping[str, Arm]) -> dict[str, str]:
    """Return the arms that are another one, tuned by itself, and that other one.

    >>> plain = CapsNetArm(3, 1.0, model="capsnet")
    >>> tuned_versions({"n3": plain, "n3_tuned": replace(plain, lr=0.01, init_gain=0.5, trials=3)})
    {'n3_tuned': 'n3'}
    """
    return {
        name: other
        for name, arm in arms.items()
        for other, candidate in arms.items()
        if arm.lr is not None and candidate.lr is None and _untuned(arm) == _untrialled(candidate)
    }


def builtin_setting(arm: Arm) -> str:
    """Return the setting that an arm tuned by itself belongs to."""
    return TUNED if arm.weight_decay is None else DECAY


def _untuned(arm: Arm) -> Arm:
    """Return an arm without what the search chose for it."""
    gain = {"init_gain": None} if isinstance(arm, CapsNetArm) else {}
    return replace(_untrialled(arm), lr=None, weight_decay=None, **gain)


def _untrialled(arm: Arm) -> Arm:
    return replace(arm, trials=None)
