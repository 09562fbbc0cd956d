"""A part of a claim in the few words and numbers that fit a row of a figure."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from capsnet_study.claims.words import OVER_ARMS, Words, compared, measure_of, number, p_text


class PartCells(NamedTuple):
    """The cells of a row."""

    measure: str
    compared: str
    value: str
    range: str


def describe_part(part: Mapping[str, Any], words: Words) -> PartCells:
    """The cells of one part.

    Parameters
    ----------
    part : mapping
        A part of a claim of `metrics/claims.json`.
    words : mapping of str to str
        As `words_of` of the arms returns them.
    """
    measure = measure_of(part)
    name = f"{measure.title} ({measure.unit})" if measure.unit else measure.title
    what = _shortened(compared(part, words))
    if part["kind"] in OVER_ARMS:
        what = f"{part['kind']}, {what}"
    if part["mean"] is None:
        return PartCells(name, what, "", "")
    value, low, high = (number(part[key], measure.unit) for key in ("mean", "low", "high"))
    spread = "" if part["low"] is None else f"[{low}, {high}]"
    if part["low"] is None and part["p"] is not None:
        spread = f"one-sided {p_text(part['p'])}"
    return PartCells(name, what, value, spread)


def _shortened(text: str) -> str:
    """What is compared, without saying twice what both have in common.

    >>> _shortened("n = 6, η = 0.01 minus n = 6, η = 1"), _shortened("n = 7 minus n = 3")
    ('n = 6, η = 0.01 minus η = 1', 'n = 7 minus n = 3')
    """
    of, minus, other = text.partition(" minus ")
    return f"{of} minus {other.removeprefix(of.partition(',')[0] + ', ')}" if minus else of
