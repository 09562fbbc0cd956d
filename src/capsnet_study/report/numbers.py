"""Numbers as the report prints them; one that is missing prints as a dash."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from capsnet_study.claims.words import p_text, p_value

Number = int | float
MISSING = "–"


@runtime_checkable
class WithInterval(Protocol):
    """A mean with an interval, if there is one: a part of a claim, an effect."""

    mean: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Quoted:
    """A mean and its interval."""

    mean: float | None = None
    low: float | None = None
    high: float | None = None


def minus(quoted: WithInterval) -> Quoted:
    """Return a difference the other way round.

    >>> minus(Quoted(-0.02, -0.03, -0.01))
    Quoted(mean=0.02, low=0.01, high=0.03)
    """
    mean, low, high = (
        None if value is None else -value for value in (quoted.mean, quoted.high, quoted.low)
    )
    return Quoted(mean, low, high)


def fixed(value: Number | None, digits: int = 3, *, sign: bool = False) -> str:
    """Return a number with so many decimals and a true minus sign.

    >>> fixed(-1 / 3), fixed(0.5, 1, sign=True), fixed(None)
    ('−0.333', '+0.5', '–')
    """
    if value is None or value != value:
        return MISSING
    rounded = round(value, digits) + 0.0  # no negative zero
    return f"{rounded:{'+' if sign else ''}.{digits}f}".replace("-", "−")


def percent(value: Number | None, digits: int = 1) -> str:
    """Return a share in percent.

    >>> percent(0.1234)
    '12.3 %'
    """
    text = fixed(None if value is None else 100 * value, digits)
    return text if text == MISSING else f"{text} %"


def points(value: WithInterval | Number | None, digits: int = 1) -> str:
    """Return a difference of shares in percentage points.

    >>> points(0.0921), points(Quoted(-0.004))
    ('9.2 points', '−0.4 points')
    """
    mean = value if value is None or isinstance(value, Number) else value.mean
    text = fixed(None if mean is None else 100 * mean, digits)
    return text if text == MISSING else f"{text} points"


def interval(quoted: WithInterval, digits: int = 1, scale: float = 100) -> str:
    """Return an interval, of a difference of shares in percentage points.

    >>> interval(Quoted(0.0, -0.0123, 0.004)), interval(Quoted(0.0))
    ('[−1.2, 0.4]', '(no interval)')
    """
    if quoted.low is None or quoted.high is None:
        return "(no interval)"
    return f"[{fixed(scale * quoted.low, digits)}, {fixed(scale * quoted.high, digits)}]"


def measured(quoted: WithInterval) -> str:
    """Return a difference of shares with its sign and interval, in points without the word.

    >>> measured(Quoted(0.046, 0.039, 0.053))
    '+4.6 [3.9, 5.3]'
    """
    if quoted.mean is None:
        return MISSING
    return f"{fixed(100 * quoted.mean, 1, sign=True)} {interval(quoted)}"


def spread(record: Mapping[str, Number | None] | None, digits: int = 1) -> str:
    """Return mean ± s.d. of a share, in percent.

    >>> spread({"mean": 0.5, "std": 0.01}), spread({"mean": 0.5, "std": None})
    ('50.0 ± 1.0 %', '50.0 %')
    """
    if record is None or record["mean"] is None:
        return MISSING
    if record["std"] is None:
        return percent(record["mean"], digits)
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


FILTERS = {
    "minus": minus,
    "fixed": fixed,
    "percent": percent,
    "points": points,
    "interval": interval,
    "measured": measured,
    "spread": spread,
    "duration": duration,
    "listing": listing,
    "p_value": p_value,
    "p_text": p_text,
    "count": lambda value: f"{value:,}",
    "plain": lambda value: f"{value:g}",
}
