"""A part of a claim in the few words and numbers that fit a row of a figure."""

from typing import NamedTuple

from capsnet_study.claims.records import OVER_ARMS, JudgedPart
from capsnet_study.claims.words import Words, compared, measure_of, number, p_text


class PartCells(NamedTuple):
    """The cells of a row."""

    measure: str
    compared: str
    value: str
    range: str


def describe_part(part: JudgedPart, words: Words) -> PartCells:
    """Return the cells of one part.

    Parameters
    ----------
    words : mapping of str to str
        As `words_of` of the arms returns them.
    """
    measure = measure_of(part)
    name = f"{measure.title} ({measure.unit})" if measure.unit else measure.title
    what = compared(part, words, short=True)
    if part.kind in OVER_ARMS:
        what = f"{part.kind}, {what}"
    if part.mean is None:
        return PartCells(name, what, "", "")
    value, low, high = (number(one, measure.unit) for one in (part.mean, part.low, part.high))
    spread = "" if part.low is None else f"[{low}, {high}]"
    if part.low is None and part.p is not None:
        spread = f"one-sided {p_text(part.p)}"
    return PartCells(name, what, value, spread)
