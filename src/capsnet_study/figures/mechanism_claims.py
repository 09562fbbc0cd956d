"""Claims about causes: each part against its bound, with verdicts and p values."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import wrap
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from capsnet_study.claims.words import Words, measure_of, words_of
from capsnet_study.figures.paired import say_missing
from capsnet_study.figures.parts import PartCells, describe_part
from capsnet_study.figures.style import DOUBLE, NOTE_COLOUR, journal_style, new_figure
from capsnet_study.figures.verdicts import (
    GAP,
    ROW,
    Claims,
    Columns,
    Part,
    claims_legend,
    draw_head,
    draw_part,
    look_of,
    write,
)
from capsnet_study.training.arms import arms_in

PLACES = Columns(0.0, 4.14, 0.22, 0.3, 4.0, 4.53, 5.38, 5.42, reach=0.42, p=7.0)
TITLE, MARGIN, WIDTH = 0.3, 0.02, 68  # inches; inches; characters of what is compared in a line


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


def _draw_part_rows(axes: Axes, top: int | float, rows: PartRows) -> None:
    """The measure, if it has a row; then words and numbers of the part, and its marker."""
    part, cells = rows.part, rows.cells
    if rows.heading:
        write(axes, PLACES.measure, top, rows.heading, color=NOTE_COLOUR)
        top += 1
    for line, text in enumerate(rows.lines):
        write(axes, PLACES.compared, top + line, text)
    axes.vlines(PLACES.zero, top - 0.5, top + 0.5, color="#444444", linewidth=0.7, zorder=2)
    draw_part(axes, top, part, PLACES)
    write(axes, PLACES.count, top, str(part.get("n", "")), ha="right")
    write(axes, PLACES.value, top, cells.value, ha="right")
    if part["low"] is not None:
        write(axes, PLACES.range, top, cells.range.removesuffix(" points").removesuffix(" nats"))
    write(axes, PLACES.p, top, relation(part["p"]).removeprefix("= "), ha="right")


def _draw_claim(
    axes: Axes, top: float, name: str, claim: Mapping[str, Any], parts: list[PartRows]
) -> None:
    """A row of title, verdict and p values, then those of the parts."""
    look = look_of(claim["verdict"])
    write(axes, PLACES.name, top, name, weight="bold")
    write(axes, TITLE, top, claim["title"], weight="bold")
    write(axes, PLACES.verdict, top, look.label, color=look.colour, weight="bold")
    write(axes, DOUBLE - MARGIN, top, p_text(claim), ha="right")
    for rows in parts:
        _draw_part_rows(axes, top + 1, rows)
        top += rows.height


@journal_style
def figure_mechanism_claims(claims: Claims, table: pd.DataFrame) -> Figure:
    """Every part of every claim about causes: mean, 95 % interval, side expected, p values.

    Each row has a scale of its own, as in `figure_claims`.

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
    *tops, end = [1.4 + height for height in (0, *np.cumsum(heights))]
    figure = new_figure(DOUBLE, max(ROW * (end + 0.5) + 0.45, 1.0))
    axes = figure.subplots()
    axes.set(xlim=(0, DOUBLE), ylim=(end, -0.5))
    axes.axis("off")
    if not claims:
        say_missing(axes, "no claim about causes in this run")
        return figure
    draw_head(axes, PLACES._replace(measure=None, compared=None))
    for top, (name, claim) in zip(tops, claims.items(), strict=True):
        axes.axhline(top - 0.5 - GAP / 2, color="#cccccc", linewidth=0.5)
        _draw_claim(axes, top, name, claim, parts[name])
    claims_legend(figure, "the claim", "")
    return figure
