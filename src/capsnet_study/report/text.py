"""How the report writes numbers, and the parts of claims; what is missing reads "n/a"."""

from __future__ import annotations

from collections import Counter

from capsnet_study.claims.parts import SIGNIFICANCE
from capsnet_study.claims.words import OVER_ARMS, Words, compared, measure_of, number
from capsnet_study.report.facts import Record

Number = int | float

UNITS = dict.fromkeys(("fitting", "mechanism", "interventions"), "trials")
UNITS |= {"manifold": "pairs × trials", "transfer": "splits × directions"}


def fixed(value: Number | None, digits: int = 3, *, sign: bool = False) -> str:
    """Return a number with so many decimals and a true minus sign.

    >>> fixed(-1 / 3), fixed(0.5, 1, sign=True), fixed(None)
    ('−0.333', '+0.5', 'n/a')
    """
    if value is None or value != value:
        return "n/a"
    return f"{value:{'+' if sign else ''}.{digits}f}".replace("-", "−")


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


def against(value: Number, other: Number, unit: str = "points") -> str:
    """Return how a share compares with another, in words.

    >>> against(0.5, 0.45), against(0.5, 0.5)
    ('5.0 points above', 'level with')
    """
    gap = fixed(100 * abs(value - other), 1)
    if float(gap) == 0:
        return "level with"
    return f"{gap} {unit} {'above' if value > other else 'below'}"


def part_row(part: Record, words: Words) -> dict[str, str]:
    """Return the cells of one part of a claim: what, n, mean, interval, expected."""
    measure = measure_of(part)
    suffix = f" {measure.unit}" if measure.unit and part["mean"] is not None else ""
    return {
        "what": f"{measure.name}: {compared(part, words)}",
        "n": _count(part),
        "mean": number(part["mean"], measure.unit) + suffix,
        "interval": _interval(part, measure.unit),
        "expected": _expected(part, measure.unit),
    }


def _count(part: Record) -> str:
    """Return how many units there are, and how many had no value."""
    counted = "arms" if part["kind"] in OVER_ARMS else UNITS[part["table"]]
    text = "1 trial" if (part["n"], counted) == (1, "trials") else f"{part['n']} {counted}"
    return text + (f" ({part['dropped']} left out)" if part["dropped"] else "")


def _interval(part: Record, unit: str) -> str:
    if part["low"] is not None:
        return f"[{number(part['low'], unit)}, {number(part['high'], unit)}]"
    if part["p"] is not None:
        return f"n/a (one-sided permutation test: p = {part['p']:.2f})"
    if part["n"] == 1:
        return "n/a (one trial)" if UNITS[part["table"]] == "trials" else "n/a (one value)"
    return "n/a (no values)"


def _expected(part: Record, unit: str) -> str:
    """Return where a part should lie, its bound in the unit of the table."""
    bound = part["bound"] * (100 if unit == "points" else 1)
    within = "±" if part["side"] == "within" else ""
    suffix = f" {unit}" if unit and bound else ""
    test = f", p < {SIGNIFICANCE:g}" if part["kind"] in OVER_ARMS else ""
    return f"{part['side']} {within}{bound:g}{suffix}{test}"


def verdict_text(claim: Record) -> str:
    """Return in a sentence or two where the parts of a claim lie."""
    outcomes = Counter(part["outcome"] for part in claim["parts"])
    total = len(claim["parts"])
    found = [(outcomes[name], place) for name, place in PLACES.items() if outcomes[name]]
    if len(found) == 1:
        subject = {1: "Its one part", 2: "Both parts"}.get(total, f"All {total} parts")
        text = f"{subject} {'lies' if total == 1 else 'lie'} {found[0][1]}."
    else:
        told = [f"{count} {'lies' if count == 1 else 'lie'} {place}" for count, place in found]
        text = f"Of its {total} parts, {listing(told)}."
    return text + (WHY_UNJUDGED if outcomes["not evaluated"] else "")


def parts_met(claim: Record) -> str:
    """Return how many parts of a claim lie on the paper's side.

    >>> parts_met({"parts": [{"outcome": "reproduced"}, {"outcome": "inconclusive"}]})
    '1 of 2'
    """
    outcomes = [part["outcome"] for part in claim["parts"]]
    return f"{outcomes.count('reproduced')} of {len(outcomes)}"


def changed_verdicts(claims: Record, others: Record) -> list[str]:
    """Return the claims that have another verdict among `others`."""
    return [id for id, claim in claims.items() if claim["verdict"] != others[id]["verdict"]]


def changed_parts(claims: Record, others: Record) -> list[tuple[str, Record, Record]]:
    """Return the parts that have another outcome among `others`: claim, part, the other part."""
    return [
        (id, part, other)
        for id, claim in claims.items()
        for part, other in zip(claim["parts"], others[id]["parts"], strict=True)
        if part["outcome"] != other["outcome"]
    ]


PLACES = {
    "reproduced": "on the paper's side",
    "contradicted": "on the opposite side",
    "inconclusive": "on neither side for certain",
    "not evaluated": "beyond judgement here",
}
WHY_UNJUDGED = " What is not evaluated lacks an arm, or has too few values for an interval."

FILTERS = {
    "fixed": fixed,
    "percent": percent,
    "spread": spread,
    "duration": duration,
    "listing": listing,
    "against": against,
    "verdict_text": verdict_text,
    "parts_met": parts_met,
    "changed_verdicts": changed_verdicts,
    "changed_parts": changed_parts,
    "count": lambda value: f"{value:,}",
    "plain": lambda value: f"{value:g}",
}
