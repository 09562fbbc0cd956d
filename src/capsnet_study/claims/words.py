"""A part of a claim in words and numbers, as figures and report show it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from capsnet_study.names import (
    CHANGED_LAYERS,
    CHANGES,
    MEASURES,
    MODEL_NAMES,
    Measure,
    arm_name,
    key_name,
)
from capsnet_study.training.arms import Arm

Part = Mapping[str, Any]
Words = Mapping[str, str]

GROUP_NAMES = {
    "capsule_arms": "all CapsNet arms",
    "routed_arms": "all arms that route",
    "routed_full_arms": "all arms that route, full gradient",
}
OVER_ARMS = ("correlation", "curvature")  # kinds of parts that have one value an arm
DROPS = {"drop": "drop from base to {}", "longdrop": "drop from the longer base to {}"}
LOSS = re.compile(rf"loss_({'|'.join(CHANGES)})(?:_([\d.]+))?_({'|'.join(CHANGED_LAYERS)})")


def words_of(arms: Mapping[str, Arm]) -> dict[str, str]:
    """Return what arms, models and groups of arms are called, by the keys that name them."""
    return {key: arm_name(arm) for key, arm in arms.items()} | MODEL_NAMES | GROUP_NAMES


def measure_of(part: Part) -> Measure:
    """Return how the measure of a part is called and printed."""
    if part["kind"] in OVER_ARMS:
        x, y = (_measure(part[axis]) for axis in "xy")
        what = "rank correlation of {} and {}"
        if part["kind"] == "curvature":
            what = "quadratic coefficient, over {}, of {}"
        return Measure(what.format(x.name, y.name), short=f"{x.title}, {y.title}")
    return _measure(part["measure"])


def compared(part: Part, words: Words) -> str:
    """Return what a part compares: an arm, an arm less another, or a group of arms."""
    if part["kind"] in OVER_ARMS or part["of"] is None:
        return words[part["group"]]
    of = _called(part["of"], words)
    if part["kind"] == "level":
        return of
    if part["minus"] is None:
        return f"{of} minus the best (some arm is missing)"
    minus = _called(part["minus"], words)
    if part["kind"] == "difference_of_differences":
        over, minus_over = (_called(part[key], words) for key in ("over", "minus_over"))
        return f"({of} minus {over}) minus ({minus} minus {minus_over})"
    return f"{of} minus {minus}"


def number(value: float | None, unit: str) -> str:
    """Return a value of a part, in points where that is the unit.

    >>> number(-0.0123, "points"), number(0.5, "nats"), number(None, "")
    ('−1.23', '+0.5000', 'n/a')
    """
    if value is None or value != value:
        return "n/a"
    return (f"{100 * value:+.2f}" if unit == "points" else f"{value:+.4f}").replace("-", "−")


def p_value(p: int | float | None) -> str:
    """Return a p-value with no more digits than a few trials can tell; one more beside .05.

    >>> p_value(0.0334), p_value(0.00021), p_value(0.998), p_value(0.0491), p_value(None)
    ('.03', '< .01', '> .99', '.049', 'n/a')
    """
    if p is None:
        return "n/a"
    if p < 0.01:
        return "< .01"
    if p > 0.99:
        return "> .99"
    short = f"{p:.2f}"
    return (f"{p:.3f}" if short == "0.05" else short).removeprefix("0")


def p_text(p: int | float | None) -> str:
    """Return a p-value as an equation.

    >>> p_text(0.0334), p_text(0.00021)
    ('p = .03', 'p < .01')
    """
    value = p_value(p)
    return f"p = {value}" if value.startswith(".") else f"p {value}"


def _called(key: str, words: Words) -> str:
    """What an arm or a model is called, also one that the run leaves out."""
    return words.get(key) or key_name(key)


def _measure(name: str) -> Measure:
    prefix, _, scheme = name.partition("_")
    if prefix in DROPS:
        return Measure(DROPS[prefix].format(scheme), "points")
    if found := LOSS.fullmatch(name):
        change, value, layer = found.groups()
        changed = CHANGES[change].format(float(value or 0))
        what = f"{changed} at test, in {CHANGED_LAYERS[layer]}"
        return Measure(f"loss of exact match by {what}", "points", short=f"loss: {what}")
    return MEASURES.get(name, Measure(name.replace("_", " ")))
