"""A part of a claim in words and numbers, as figures and report show it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from capsnet_study.names import MEASURES, MODEL_NAMES, Measure, arm_name
from capsnet_study.training.arms import Arm

Part = Mapping[str, Any]
Words = Mapping[str, str]

GROUPS = {"capsule_arms": "all CapsNet arms", "routed_arms": "all arms that route"}


def words_of(arms: Mapping[str, Arm]) -> dict[str, str]:
    """Return what arms, models and groups of arms are called, by the keys that name them."""
    return {key: arm_name(arm) for key, arm in arms.items()} | MODEL_NAMES | GROUPS


def measure_of(part: Part) -> Measure:
    """Return how the measure of a part is called and printed."""
    if part["kind"] == "correlation":
        x, y = (_measure(part[axis]) for axis in "xy")
        return Measure(f"rank correlation of {x.name} and {y.name}", short=f"{x.title}, {y.title}")
    return _measure(part["measure"])


def compared(part: Part, words: Words) -> str:
    """Return what a part compares: an arm, an arm less another, or a group of arms."""
    if part["kind"] == "correlation" or part["of"] is None:
        return words[part["group"]]
    of = words.get(part["of"], part["of"])
    if part["kind"] == "level":
        return of
    return (
        f"{of} minus {words.get(part['minus'], part['minus']) or 'the best (some arm is missing)'}"
    )


def number(value: float | None, unit: str) -> str:
    """Return a value of a part, in points where that is the unit.

    >>> number(-0.0123, "points"), number(0.5, "nats"), number(None, "")
    ('−1.23', '+0.5000', 'n/a')
    """
    if value is None or value != value:
        return "n/a"
    return (f"{100 * value:+.2f}" if unit == "points" else f"{value:+.4f}").replace("-", "−")


def _measure(name: str) -> Measure:
    if name.startswith("drop_"):
        return Measure(f"drop from base to {name.removeprefix('drop_')}", "points")
    return MEASURES.get(name, Measure(name.replace("_", " ")))
