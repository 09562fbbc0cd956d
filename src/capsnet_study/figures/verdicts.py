"""The claims of the paper as a forest plot: words, effects with intervals, the side expected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from capsnet_study.claims.records import Claims, JudgedClaim, JudgedPart
from capsnet_study.claims.words import GROUP_NAMES, measure_of, number, words_of
from capsnet_study.figures.arms import count_range
from capsnet_study.figures.forest import (
    CONSERVATIVE,
    GAP,
    Page,
    draw_part,
    draw_range,
    finish_plot,
    interval_line,
    legend,
    look_of,
    new_page,
    scale_of,
    write,
)
from capsnet_study.figures.parts import describe_part
from capsnet_study.figures.style import INTERVAL, NOTE_COLOUR, journal_style
from capsnet_study.training.arms import arms_in

NAME, TITLE, VERDICT = 0.03, 0.27, 5.56  # inches; numbers end at COUNT and VALUE
COUNT, PLOT_LEFT, PLOT_RIGHT, VALUE, RANGE = 3.55, 3.65, 5.42, 5.96, 6.0


class Row(NamedTuple):
    """The parts in one row: one, or all parts that are the same of one arm each."""

    parts: Sequence[JudgedPart]
    conservative: JudgedPart | None


def claim_rows(claim: JudgedClaim, conservative: JudgedClaim | None) -> list[Row]:
    """Return the rows of a claim; levels of each arm of a group share one.

    Parameters
    ----------
    conservative : JudgedClaim or None
        The same claim by conservative intervals.
    """
    parts = claim.parts
    if len(parts) > 1 and all(part.group and part.of for part in parts):
        return [Row(parts, None)]
    others = conservative.parts if conservative else [None] * len(parts)
    return [Row([part], other) for part, other in zip(parts, others, strict=True)]


@journal_style
def figure_claims(claims: Claims, conservative: Claims, fitting: pd.DataFrame) -> Figure:
    """Every claim: what is compared, mean, 95 % intervals, and the side expected.

    All rows are on one scale: means and ends of intervals are divided by the standard deviation of
    the paired differences. What is the same of each arm of a group is one row, with its range.

    Parameters
    ----------
    claims : mapping of str to JudgedClaim
        Those of the paper.
    conservative : mapping of str to JudgedClaim
        The same by conservative intervals.
    fitting : DataFrame
        `plots/fitting.csv`, for what the arms are called.
    """
    rows = {name: claim_rows(claim, conservative.get(name)) for name, claim in claims.items()}
    *tops, end = np.cumsum([0, *(1 + len(found) + GAP for found in rows.values())])
    page = new_page(end, PLOT_LEFT, PLOT_RIGHT)
    finish_plot(page, scale_of(_drawn(rows)))
    _draw_head(page)
    words = words_of(arms_in(fitting))
    for top, (name, claim) in zip(tops, claims.items(), strict=True):
        page.words.axhline(top - 0.5 - GAP / 2, color="#cccccc", linewidth=0.5)
        _draw_title(page, top, name, claim)
        for place, row in enumerate(rows[name], start=1):
            _draw_row(page, top + place, row, words)
    kinds = ((INTERVAL, "95 % bootstrap interval"), (CONSERVATIVE, "conservative 95 % interval"))
    lines = [interval_line(style, label) for style, label in kinds]
    legend(page.figure, "the paper's claim", lines)
    return page.figure


def _drawn(rows: Mapping[str, Sequence[Row]]) -> Iterator[JudgedPart]:
    """Yield all that the axis must have room for; conservative parts in units of the others."""
    for row in (row for of_claim in rows.values() for row in of_claim):
        yield from row.parts
        if row.conservative:
            yield replace(row.parts[0], low=row.conservative.low, high=row.conservative.high)


def _draw_head(page: Page) -> None:
    """What the columns hold."""
    style = {"color": NOTE_COLOUR, "style": "italic"}
    write(page.words, NAME, -1.0, "claim", **style)
    write(page.words, COUNT, -1.0, "n", ha="right", **style)
    write(page.words, VALUE, -1.0, "mean", ha="right", **style)
    write(page.words, RANGE, -1.0, "95 % interval", **style)


def _draw_title(page: Page, row: float, name: str, claim: JudgedClaim) -> None:
    look = look_of(claim.verdict)
    write(page.words, NAME, row, name, weight="bold")
    write(page.words, TITLE, row, claim.title, weight="bold")
    write(page.words, VERDICT, row, look.label, color=look.colour, weight="bold")


def _draw_row(page: Page, at: float, row: Row, words: Mapping[str, str]) -> None:
    if len(row.parts) > 1:
        draw_range(page.plot, at, row.parts)
        text, count, value, spread = _range_cells(row.parts)
    else:
        (part,) = row.parts
        draw_part(page.plot, at, part, row.conservative)
        cells = describe_part(part, words)
        text, count = f"{cells.measure}: {cells.compared}", str(part.n)
        value, spread = cells.value, cells.range
    write(page.words, TITLE, at, text)
    write(page.words, COUNT, at, count, ha="right")
    write(page.words, VALUE, at, value, ha="right")
    write(page.words, RANGE, at, spread)


def _range_cells(parts: Sequence[JudgedPart]) -> tuple[str, str, str, str]:
    """Return what is measured of how many arms, values per arm, and the range of means."""
    measure = measure_of(parts[0])
    unit = f" ({measure.unit})" if measure.unit else ""
    text = f"{measure.title}{unit}: each of {len(parts)} {GROUP_NAMES[parts[0].group]}"
    count = count_range(part.n for part in parts)
    means = [part.mean for part in parts if part.mean is not None]
    if not means:
        return text, count, "", ""
    low, high = (number(end, measure.unit) for end in (min(means), max(means)))
    return text, count, "means", f"{low} to {high}"
