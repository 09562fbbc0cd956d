"""A part of a claim in the few words and numbers that fit a row of a figure."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from capsnet_study.figures.arms import arms_of
from capsnet_study.figures.style import arm_look
from capsnet_study.names import MEASURES, MODEL_NAMES, Measure

SHORT = {
    "area_under_curve": "exact match over training",
    "entropy_last": "R1 entropy after training",
    "entropy_change": "change of R1 entropy",
    "entropy_at_tenth": "early entropy",
    "spearman_entropy_accuracy": "correlation, entropy and match",
}
GROUPS = {"capsule_arms": "all arms", "routed_arms": "arms that route"}
CORRELATION = r"Spearman\((\w+), (\w+)\)"


class PartCells(NamedTuple):
    """The cells of a row."""

    measure: str
    compared: str
    value: str
    range: str


def arm_words(fitting: pd.DataFrame) -> dict[str, str]:
    """What arms, groups of arms and models are called, by the names in the labels of parts."""
    arms = {arm.name: arm_look(arm).label.replace("gradient ", "") for arm in arms_of(fitting)}
    return arms | GROUPS | MODEL_NAMES


def describe_part(part: Mapping[str, Any], words: Mapping[str, str]) -> PartCells:
    """The cells of one part.

    Parameters
    ----------
    part : mapping
        A part of a claim of `metrics/claims.json`.
    words : mapping of str to str
        As `arm_words` returns them.
    """
    measure, _, arms = part["label"].partition(": ")
    arms, _, test = arms.partition(" (")
    compared = re.sub(r"\w+", lambda found: words.get(found[0], found[0]), arms)
    if re.fullmatch(CORRELATION, measure):
        compared = f"correlation, {compared}"
    compared = compared.replace(" − ", " minus ").replace("minus CapsNet, ", "minus ")
    name, unit = _measure(measure)
    value, low, high = (_number(part[key], unit) for key in ("mean", "low", "high"))
    spread = f"[{low}, {high}] {unit}".strip() if low else test.removesuffix(")")
    return PartCells(name, compared, value, spread)


def _measure(name: str) -> tuple[str, str]:
    """A measure in words, and its unit."""
    if name.startswith("drop_"):
        return f"drop from base to {name.removeprefix('drop_')}", "points"
    if found := re.fullmatch(CORRELATION, name):
        return ", ".join(_measure(one)[0] for one in found.groups()), ""
    known = MEASURES.get(name, Measure(name))
    return SHORT.get(name, known.title), known.unit


def _number(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    text = f"{100 * value:+.2f}" if unit == "points" else f"{value:+.4f}"
    return text.replace("-", "−")
