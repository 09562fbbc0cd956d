"""Parts of claims as rows of tables."""

from __future__ import annotations

from dataclasses import dataclass

from capsnet_study.claims.parts import SIGNIFICANCE
from capsnet_study.claims.records import OVER_ARMS, JudgedPart
from capsnet_study.claims.words import Words, compared, measure_of, number, p_text


@dataclass(frozen=True)
class PartRow:
    """The cells of a part in a table."""

    measure: str
    compared: str
    n: str
    mean: str
    interval: str
    expected: str


def part_row(part: JudgedPart, words: Words) -> PartRow:
    """Return the cells of one part."""
    measure = measure_of(part)
    return PartRow(
        measure=f"{measure.name} ({measure.unit})" if measure.unit else measure.name,
        compared=compared(part, words),
        n=f"{part.n}" + (f" ({part.dropped} left out)" if part.dropped else ""),
        mean=number(part.mean, measure.unit),
        interval=_interval(part, measure.unit),
        expected=_expected(part, measure.unit),
    )


def _interval(part: JudgedPart, unit: str) -> str:
    if part.low is not None:
        return f"[{number(part.low, unit)}, {number(part.high, unit)}]"
    return f"permutation test, {p_text(part.p)}" if part.p is not None else "–"


def _expected(part: JudgedPart, unit: str) -> str:
    """Return where a part should lie, its bound in the unit of the table."""
    bound = part.bound * (100 if unit == "points" else 1)
    within = "±" if part.side == "within" else ""
    test = f", p < {SIGNIFICANCE:g}" if part.kind in OVER_ARMS else ""
    return f"{part.side} {within}{bound:g}{test}"
