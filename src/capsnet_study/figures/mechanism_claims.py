"""Claims about causes: each part against its bound, with verdicts and p values."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import wrap
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from capsnet_study.claims.words import Words, measure_of, words_of
from capsnet_study.figures.forest import (
    GAP,
    Claims,
    Page,
    Part,
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

NAME, TITLE, COMPARED, VERDICT = 0.03, 0.3, 0.36, 4.0  # inches; numbers end at COUNT, VALUE and P
COUNT, PLOT_LEFT, PLOT_RIGHT, VALUE, RANGE, P = 3.82, 3.92, 5.06, 5.53, 5.57, 6.97
WIDTH = 68  # characters of what is compared in a line


class PartRows(NamedTuple):
    """The rows of a part: its measure, where it changes, then what is compared, in lines."""

    part: Part
    cells: PartCells
    heading: str
    lines: list[str]

    @property
    def height(self) -> int:
        """How many rows there are."""
        return len(self.lines) + bool(self.heading)


def part_rows(claim: Mapping[str, Any], words: Words) -> list[PartRows]:
    """The parts of a claim in rows, top down."""
    found, above = [], ""
    for part in claim["parts"]:
        cells, measure = describe_part(part, words), measure_of(part)
        name = f"{measure.name} ({measure.unit})" if measure.unit else measure.name
        lines = wrap(_unbreakable(cells.compared), WIDTH) or [""]
        found.append(PartRows(part, cells, name if name != above else "", lines))
        above = name
    return found


def _unbreakable(text: str) -> str:
    """What is compared, with spaces within a name at which no line breaks."""
    return text.replace(" = ", "\xa0=\xa0").replace(", ", ",\xa0").replace(" log J", "\xa0log\xa0J")


def p_text(claim: Mapping[str, Any]) -> str:
    """The p value of a claim and that adjusted for the number of claims, as far as there are any.

    >>> p_text({"p": 0.0123, "p_holm": 0.11}), p_text({"p": 0.00001, "p_holm": None})
    ('p = 0.012, Holm p = 0.11', 'p < 0.001')
    """
    names = {"p": "p", "p_holm": "Holm p"}
    found = {name: relation(claim.get(key)) for key, name in names.items()}
    return ", ".join(f"{name} {text}" for name, text in found.items() if text)


def relation(p: int | float | None) -> str:
    """A p value after its sign; empty without one.

    >>> relation(0.2), relation(0.0004), relation(None)
    ('= 0.2', '< 0.001', '')
    """
    if p is None or p != p:
        return ""
    return "< 0.001" if p < 0.001 else f"= {p:.2g}"


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
    write(page.words, COUNT, top, str(part.get("n", "")), ha="right")
    write(page.words, VALUE, top, cells.value, ha="right")
    if part["low"] is not None:
        write(page.words, RANGE, top, cells.range)
    write(page.words, P, top, relation(part["p"]).removeprefix("= "), ha="right")


def _draw_claim(
    page: Page, top: float, name: str, claim: Mapping[str, Any], parts: list[PartRows]
) -> None:
    """A row of title, verdict and p values, then those of the parts."""
    look = look_of(claim["verdict"])
    write(page.words, NAME, top, name, weight="bold")
    write(page.words, TITLE, top, claim["title"], weight="bold")
    ground = {"facecolor": "white", "linewidth": 0, "pad": 0.5}
    write(page.words, VERDICT, top, look.label, color=look.colour, weight="bold", bbox=ground)
    write(page.words, P, top, p_text(claim), ha="right")
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
    claims : mapping
        `metrics/claims.json`: those of kind ``mechanism``.
    table : DataFrame
        `plots/fitting.csv` and `plots/mechanism.csv`, for what the arms are called.
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
