"""A part of a claim in words and numbers, as figures and report show it."""

from __future__ import annotations

from collections.abc import Mapping

from capsnet_study.claims.records import OVER_ARMS, JudgedPart
from capsnet_study.claims.tables import LOSSES, SCHEME_GAPS, Intervention, SchemeGap
from capsnet_study.names import (
    CHANGED_LAYERS,
    CHANGES,
    MEASURES,
    MODEL_NAMES,
    Measure,
    arm_name,
)
from capsnet_study.training.arms import Arm

Words = Mapping[str, str]

GROUP_NAMES = {
    "capsule_arms": "CapsNet arms",
    "routed_arms": "arms that route",
    "routed_full_arms": "arms that route, full gradient",
}
BASES = {"base": "base", "base_long": "the longer base"}


def _of_schemes(gap: SchemeGap) -> Measure:
    if gap.of in BASES:
        return Measure(f"drop from {BASES[gap.of]} to {gap.minus}", "points")
    short = f"{gap.of} minus {gap.minus}"
    return Measure(f"exact match of {gap.of} minus that of {gap.minus}", "points", short=short)


def _of_loss(loss: Intervention) -> Measure:
    changed = CHANGES[loss.change].format(loss.value)
    what = f"{changed} at test, in {CHANGED_LAYERS[loss.layer]}"
    return Measure(f"loss of exact match by {what}", "points", short=f"loss: {what}")


CLAIM_MEASURES = (
    MEASURES
    | {name: _of_schemes(gap) for name, gap in SCHEME_GAPS.items()}
    | {name: _of_loss(loss) for name, loss in LOSSES.items()}
)


def words_of(arms: Mapping[str, Arm]) -> dict[str, str]:
    """Return what arms, models and groups of arms are called, by the keys that name them."""
    return {key: arm_name(arm) for key, arm in arms.items()} | MODEL_NAMES | GROUP_NAMES


def measure_of(part: JudgedPart) -> Measure:
    """Return how the measure of a part is called and printed."""
    if part.kind not in OVER_ARMS:
        return CLAIM_MEASURES[part.measure]
    x, y = CLAIM_MEASURES[part.x], CLAIM_MEASURES[part.y]
    what = "rank correlation of {} and {}"
    if part.kind == "curvature":
        what = "quadratic coefficient, over {}, of {}"
    return Measure(what.format(x.name, y.name), short=f"{x.title}, {y.title}")


def compared(part: JudgedPart, words: Words, *, short: bool = False) -> str:
    """Return what a part compares: an arm, an arm minus another, or a group of arms.

    An arm that is not among `words`, as one that a run leaves out, is called by its key. With
    `short`, what the names of two arms begin with is said once: "n = 6, η = 0.01 minus η = 1".
    """
    if part.of is None:
        return f"all {words[part.group]}"
    of, over, minus, minus_over = (
        words.get(key, key) for key in (part.of, part.over, part.minus, part.minus_over)
    )
    if part.kind == "level":
        return of
    if part.minus is None:
        return f"{of} minus the best (some arm is missing)"
    if part.kind == "difference_of_differences":
        return f"({of} minus {over}) minus ({minus} minus {minus_over})"
    return f"{of} minus {_without_start(minus, of) if short else minus}"


def _without_start(name: str, other: str) -> str:
    """Return a name without its first term, if another name has the same.

    >>> _without_start("n = 6, η = 1", "n = 6, η = 0.01"), _without_start("n = 3", "n = 7")
    ('η = 1', 'n = 3')
    """
    terms, others = name.split(", "), other.split(", ")
    return ", ".join(terms[1:]) if len(terms) > 1 and terms[0] == others[0] else name


def number(value: float | None, unit: str) -> str:
    """Return a value of a part, in points where that is the unit.

    >>> number(-0.0123, "points"), number(0.5, "nats"), number(None, "")
    ('−1.23', '+0.5000', '–')
    """
    if value is None or value != value:
        return "–"
    return (f"{100 * value:+.2f}" if unit == "points" else f"{value:+.4f}").replace("-", "−")


def p_value(p: int | float | None) -> str:
    """Return a p-value with as few digits as a few trials allow; one more near .05.

    >>> p_value(0.0334), p_value(0.00021), p_value(0.998), p_value(0.0491), p_value(None)
    ('.03', '< .01', '> .99', '.049', '–')
    """
    if p is None:
        return "–"
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
