"""Numbers and parts of claims as the report prints them; what is missing reads "n/a"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol, runtime_checkable

from capsnet_study.claims.parts import SIGNIFICANCE
from capsnet_study.claims.records import OVER_ARMS, Claims, JudgedPart
from capsnet_study.claims.words import (
    Words,
    compared,
    measure_of,
    number,
    p_text,
    p_value,
)
from capsnet_study.report.facts import Record
from capsnet_study.stats import bootstrap_false_alarms

Number = int | float

OF_TRIALS = ("fitting", "mechanism", "interventions")  # tables whose units are trials


@runtime_checkable
class WithParts(Protocol):
    """What is judged in parts."""

    parts: Sequence[JudgedPart]


@runtime_checkable
class WithInterval(Protocol):
    """A difference of shares with an interval, if there is one."""

    low: float | None
    high: float | None


def fixed(value: Number | None, digits: int = 3, *, sign: bool = False) -> str:
    """Return a number with so many decimals and a true minus sign.

    >>> fixed(-1 / 3), fixed(0.5, 1, sign=True), fixed(None)
    ('−0.333', '+0.5', 'n/a')
    """
    if value is None or value != value:
        return "n/a"
    rounded = round(value, digits) + 0.0  # no negative zero
    return f"{rounded:{'+' if sign else ''}.{digits}f}".replace("-", "−")


def percent(value: Number | None, digits: int = 1) -> str:
    """Return a share in percent.

    >>> percent(0.1234)
    '12.3 %'
    """
    text = fixed(None if value is None else 100 * value, digits)
    return text if text == "n/a" else f"{text} %"


def spread(record: Record | None, digits: int = 1) -> str:
    """Return mean ± s.d. of a share, in percent.

    >>> spread({"mean": 0.5, "std": 0.01}), spread({"mean": 0.5, "std": None})
    ('50.0 ± 1.0 %', '50.0 % (s.d. n/a: one trial)')
    """
    if record is None or record["mean"] is None:
        return "n/a"
    if record["std"] is None:
        return f"{percent(record['mean'], digits)} (s.d. n/a: one trial)"
    return f"{fixed(100 * record['mean'], digits)} ± {percent(record['std'], digits)}"


def duration(seconds: Number) -> str:
    """Return a time in the unit that suits it.

    >>> duration(12.3), duration(300), duration(9000)
    ('12.3 s', '5.0 min', '2.5 h')
    """
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def listing(words: list[str]) -> str:
    """Return words as a phrase.

    >>> listing(["a", "b", "c"])
    'a, b and c'
    """
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def ranges(ids: list[str]) -> list[str]:
    """Return ids of one letter in order, three or more in a row as a range.

    >>> ranges(["X1", "X2", "X4", "X5", "X6"])
    ['X1', 'X2', 'X4 to X6']
    """
    rows: list[list[str]] = []
    for id in ids:
        if rows and int(id[1:]) == int(rows[-1][-1][1:]) + 1:
            rows[-1].append(id)
        else:
            rows.append([id])
    return [one for row in rows for one in ([f"{row[0]} to {row[-1]}"] if len(row) > 2 else row)]


def against(value: Number, other: Number, unit: str = "points") -> str:
    """Return how a share compares with another, in words.

    >>> against(0.5, 0.45), against(0.5, 0.5)
    ('5.0 points above', 'level with')
    """
    gap = fixed(100 * abs(value - other), 1)
    if float(gap) == 0:
        return "level with"
    return f"{gap} {unit} {'above' if value > other else 'below'}"


def points(value: Number) -> str:
    """Return a share in points.

    >>> points(0.0921), points(-0.004)
    ('9.2 points', '−0.4 points')
    """
    return f"{fixed(100 * value, 1)} points"


def within(difference: WithInterval) -> str:
    """Return the interval of a difference of shares, in points.

    >>> from capsnet_study.stats import Interval
    >>> within(Interval(0.0, 3, -0.0123, 0.004)), within(Interval(0.0, 1))
    ('[−1.2, +0.4]', '(no interval)')
    """
    if difference.low is None or difference.high is None:
        return "(no interval)"
    low, high = (fixed(100 * end, 1, sign=True) for end in (difference.low, difference.high))
    return f"[{low}, {high}]"


def more(value: Number) -> str:
    """Return a difference of shares as more or less.

    >>> more(0.066), more(-0.01)
    ('6.6 points more', '1.0 points less')
    """
    return f"{points(abs(value))} {'less' if value < 0 else 'more'}"


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
        n=_count(part),
        mean=number(part.mean, measure.unit),
        interval=_interval(part, measure.unit),
        expected=_expected(part, measure.unit),
    )


def _count(part: JudgedPart) -> str:
    """Return the number of units, and of those without a value."""
    return f"{part.n}" + (f" ({part.dropped} left out)" if part.dropped else "")


def _interval(part: JudgedPart, unit: str) -> str:
    if part.low is not None:
        return f"[{number(part.low, unit)}, {number(part.high, unit)}]"
    if part.p is not None:
        return f"n/a (permutation test: {p_text(part.p)})"
    if part.n == 1:
        return "n/a (one trial)" if part.table in OF_TRIALS else "n/a (one value)"
    return "n/a (no values)"


def _expected(part: JudgedPart, unit: str) -> str:
    """Return where a part should lie, its bound in the unit of the table."""
    bound = part.bound * (100 if unit == "points" else 1)
    within = "±" if part.side == "within" else ""
    test = f", p < {SIGNIFICANCE:g}" if part.kind in OVER_ARMS else ""
    return f"{part.side} {within}{bound:g}{test}"


def parts_met(claim: WithParts) -> str:
    """Return how many parts of a claim lie on the expected side, as "1 of 2"."""
    outcomes = [part.outcome for part in claim.parts]
    return f"{outcomes.count('reproduced')} of {len(outcomes)}"


def changed_verdicts(claims: Claims, others: Claims) -> list[str]:
    """Return the claims that have another verdict among `others`."""
    return [id for id, claim in claims.items() if claim.verdict != others[id].verdict]


FILTERS = {
    "fixed": fixed,
    "percent": percent,
    "spread": spread,
    "duration": duration,
    "listing": listing,
    "ranges": ranges,
    "against": against,
    "within": within,
    "more": more,
    "p_value": p_value,
    "parts_met": parts_met,
    "changed_verdicts": changed_verdicts,
    "false_alarms": partial(bootstrap_false_alarms, samples=10_000, resamples=2_000),
    "count": lambda value: f"{value:,}",
    "plain": lambda value: f"{value:g}",
}
