"""Claims about causes: each part against its bound, with verdicts and p values."""

from __future__ import annotations

from textwrap import wrap
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from capsnet_study.claims.records import Claims, JudgedClaim, JudgedPart
from capsnet_study.claims.words import Words, measure_of, p_text, p_value, words_of
from capsnet_study.figures.forest import (
    GAP,
    Page,
    draw_part,
    finish_plot,
    interval_line,
    legend,
    look_of,
    new_page,
    scale_of,
    write,
)
from capsnet_study.figures.paired import say_missing
from capsnet_study.figures.parts import PartCells, describe_part
from capsnet_study.figures.style import INTERVAL, NOTE_COLOUR, journal_style
from capsnet_study.training.arms import arms_in

NAME, TITLE, COMPARED, VERDICT = 0.03, 0.3, 0.36, 5.16  # inches; numbers end at COUNT, VALUE, P
COUNT, PLOT_LEFT, PLOT_RIGHT, VALUE, RANGE, P = 3.82, 3.92, 5.06, 5.53, 5.57, 6.97
WIDTH = 70  # characters of what is compared in a line


class PartRows(NamedTuple):
    """The rows of a part: its measure, where it changes, then what is compared, in lines."""

    part: JudgedPart
    cells: PartCells
    heading: str
    lines: list[str]

    @property
    def height(self) -> int:
        """How many rows there are."""
        return len(self.lines) + bool(self.heading)


def part_rows(claim: JudgedClaim, words: Words) -> list[PartRows]:
    """Return the parts of a claim in rows, top down; one row for all of a claim without a value."""
    if claim.parts and all(part.mean is None for part in claim.parts):
        cells = PartCells("", "", "", "")
        return [PartRows(claim.parts[0], cells, "", [f"parts: {len(claim.parts)}"])]
    found, above = [], ""
    for part in claim.parts:
        cells, measure = describe_part(part, words), measure_of(part)
        name = measure.name if len(measure.name) <= WIDTH else measure.title
        name = f"{name} ({measure.unit})" if measure.unit else name
        lines = wrap(_unbreakable(cells.compared), WIDTH) or [""]
        found.append(PartRows(part, cells, name if name != above else "", lines))
        above = name
    return found


def _unbreakable(text: str) -> str:
    """What is compared, with spaces within a name at which no line breaks."""
    return text.replace(" = ", "\xa0=\xa0").replace(", ", ",\xa0").replace(" log J", "\xa0log\xa0J")


def claim_p(claim: JudgedClaim) -> str:
    """Return the p value of a claim and the adjusted one, as "p = .01, Holm p = .11"."""
    values = {"": claim.p, "Holm ": claim.p_holm}
    return ", ".join(f"{name}{p_text(p)}" for name, p in values.items() if p is not None)


def _draw_part_rows(page: Page, top: int | float, rows: PartRows) -> None:
    """The measure, if it has a row; then words and numbers of the part, and its marker."""
    part, cells = rows.part, rows.cells
    if rows.heading:
        ground = {"facecolor": "white", "linewidth": 0, "pad": 0.3}  # it may reach into the plot
        write(page.words, TITLE, top, rows.heading, color=NOTE_COLOUR, bbox=ground)
        top += 1
    for line, text in enumerate(rows.lines):
        write(page.words, COMPARED, top + line, text)
    draw_part(page.plot, top, part)
    write(page.words, COUNT, top, str(part.n), ha="right")
    write(page.words, VALUE, top, cells.value, ha="right")
    if part.low is not None:
        write(page.words, RANGE, top, cells.range)
    if part.p is not None:
        write(page.words, P, top, p_value(part.p), ha="right")


def _draw_claim(
    page: Page, top: float, name: str, claim: JudgedClaim, parts: list[PartRows]
) -> None:
    """A row of title, verdict and p values, then those of the parts."""
    look = look_of(claim.verdict)
    write(page.words, NAME, top, name, weight="bold")
    write(page.words, TITLE, top, claim.title, weight="bold")
    write(page.words, VERDICT, top, look.label, color=look.colour, weight="bold")
    write(page.words, P, top, claim_p(claim), ha="right")
    for rows in parts:
        _draw_part_rows(page, top + 1, rows)
        top += rows.height


def _draw_head(page: Page) -> None:
    """What the columns hold."""
    style = {"color": NOTE_COLOUR, "style": "italic"}
    for x, text, side in (
        (NAME, "claim", "left"), (COUNT, "n", "right"), (VALUE, "mean", "right"),
        (RANGE, "95 % interval", "left"), (P, "p", "right"),
    ):  # fmt: skip
        write(page.words, x, -1.0, text, ha=side, **style)


@journal_style
def figure_mechanism_claims(claims: Claims, table: pd.DataFrame) -> Figure:
    """Every part of every claim about causes: mean, 95 % interval, side expected, p values.

    All rows are on one scale, as in `figure_claims`.

    Parameters
    ----------
    claims : mapping of str to JudgedClaim
        Those of the kind ``mechanism``.
    table : DataFrame
        `plots/fitting.csv` and `plots/ablations.csv`, for what the arms are called.
    """
    words = words_of(arms_in(table))
    parts = {name: part_rows(claim, words) for name, claim in claims.items()}
    heights = [1 + GAP + sum(rows.height for rows in found) for found in parts.values()]
    *tops, end = np.cumsum([0, *heights])
    page = new_page(float(end), PLOT_LEFT, PLOT_RIGHT)
    finish_plot(page, scale_of(rows.part for found in parts.values() for rows in found))
    if not claims:
        say_missing(page.words, "no claim about causes in this run")
        page.plot.set_visible(False)
        return page.figure
    _draw_head(page)
    for top, (name, claim) in zip(tops, claims.items(), strict=True):
        page.words.axhline(top - 0.5 - GAP / 2, color="#cccccc", linewidth=0.5)
        _draw_claim(page, top, name, claim, parts[name])
    legend(page.figure, "the claim", [interval_line(INTERVAL, "95 % interval")])
    return page.figure
