"""Other ways to set the couplings, beside uniform coupling, n = 3, n = 9 and the CNN."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from capsnet_study.figures.causes import all_arms, routing_kind
from capsnet_study.figures.curves import percent_ticks
from capsnet_study.figures.paired import (
    draw_row,
    finish_rows,
    last_values,
    say_missing,
    spread_text,
)
from capsnet_study.figures.style import DOUBLE, Look, journal_style, new_figure, panel_title
from capsnet_study.names import arm_name

KIND_LOOKS = {
    "routing by agreement": Look("", "#0072b2", marker="o"),
    "CNN": Look("", "#000000", marker="X"),
    "another algorithm": Look("", "#d55e00", marker="s"),
    "temperature": Look("", "#009e73", marker="^"),
    "couplings of another image": Look("", "#cc79a7", marker="D"),
    "one layer routes": Look("", "#56b4e9", marker="v"),
    "tuned by itself": Look("", "#8a6d00", marker="P", filled=False),
}
COLUMNS = {"exact_match": "final exact match", "entropy_share_r1": "H / log J of R1 at the end"}
ROW = 0.155  # inches


def ranked_arms(table: pd.DataFrame) -> dict[str, str]:
    """The kind of each arm that is shown, the best arm first."""
    kinds = {key: kind for key, arm in all_arms(table).items() if (kind := routing_kind(arm))}
    means = {key: last_values(table, key).mean() for key in kinds}
    known = [key for key in kinds if means[key] == means[key]]
    return {key: kinds[key] for key in sorted(known, key=lambda key: -means[key])}


def _draw_column(axes: Axes, table: pd.DataFrame, kinds: dict[str, str], column: str) -> set[int]:
    """One measure of all arms, a row each; returns the numbers of trials."""
    counts = set()
    for row, (key, kind) in enumerate(kinds.items()):
        values = last_values(table, key, column) if column in table else pd.Series(dtype=float)
        found = draw_row(axes, row, values.to_numpy(float), KIND_LOOKS[kind])
        counts |= {found.n} if found else set()
    if not counts:
        say_missing(axes)
    return counts


def _legend(figure: Figure, kinds: set[str], counts: set[int]) -> None:
    handles = [
        Line2D([], [], color=look.colour, marker=look.marker, linewidth=0, label=kind,
               markerfacecolor=look.face)
        for kind, look in KIND_LOOKS.items() if kind in kinds
    ]  # fmt: skip
    title = f"{spread_text(counts)}; small dots: single trials"
    figure.legend(handles=handles, loc="outside lower center", ncols=4, title=title)


@journal_style
def figure_other_routings(table: pd.DataFrame) -> Figure:
    """(a) Final exact match and (b) H / log J of R1 of arms that route otherwise, the best on top.

    Parameters
    ----------
    table : DataFrame
        `plots/fitting.csv` and `plots/ablations.csv`, one below the other.
    """
    kinds = ranked_arms(table)
    arms = all_arms(table)
    figure = new_figure(DOUBLE, 1.2 + ROW * max(len(kinds), 6))
    panels = figure.subplots(1, 2, sharey=True, width_ratios=[1.4, 1])
    counts: set[int] = set()
    for axes, letter, (column, title) in zip(panels, "ab", COLUMNS.items(), strict=True):
        counts |= _draw_column(axes, table, kinds, column)
        panel_title(axes, letter, title)
    percent_ticks(panels[0].xaxis)
    panels[0].set_yticks(range(len(kinds)), labels=[arm_name(arms[key]) for key in kinds])
    for axes in panels:
        finish_rows(axes, len(kinds))
        axes.grid()
    if counts:
        _legend(figure, set(kinds.values()), counts)
    return figure
