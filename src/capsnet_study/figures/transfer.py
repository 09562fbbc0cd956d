"""Figure 7: what networks reach on a new domain with kept layers, scheme by scheme."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from capsnet_study.figures import style
from capsnet_study.figures.marks import POINTS, draw_mean, zero_line
from capsnet_study.figures.values import PERCENT
from capsnet_study.names import MAIN_MODELS, SCHEME_GROUPS, SCHEMES

APART = 0.26  # rows between the models of a scheme
DROPS = [scheme for scheme in SCHEMES if scheme[0] in "AB"]  # of kept layers


def scores_by_unit(transfer: pd.DataFrame) -> pd.DataFrame:
    """Return exact match in percent: a row per model, split and direction, a column per scheme."""
    index = ["model", "split", "direction"]
    return PERCENT * transfer.pivot(index=index, columns="scheme", values="exact_match")


def figure_transfer(transfer: pd.DataFrame) -> Figure:
    """Draw (a) exact match by scheme, and (b) what kept layers cost against training from scratch.

    Intervals are those of the means of splits, whose two directions share networks.

    Parameters
    ----------
    transfer : DataFrame
        Rows of ``plots/transfer_MODEL.csv``: model, split, direction, scheme, exact_match.
    """
    scores = scores_by_unit(transfer)
    drops = scores[DROPS].rsub(scores["base"], axis=0)
    rows = scheme_rows()
    figure = style.new_figure(4.2)
    left, right = figure.subplots(1, 2, sharey=True)
    _draw_schemes(left, scores, rows)
    _draw_schemes(right, drops, rows)
    left.set_yticks([*rows.values()], labels=[scheme.replace("_", ", ") for scheme in rows])
    left.invert_yaxis()
    left.set_xlim(left=0)
    left.set_xlabel("exact match on the target domain (%)")
    zero_line(right, "x")
    right.set_xlabel(f"drop from base ({POINTS})")
    _name_groups(right, rows)
    style.panel_title(left, "a", "accuracy")
    style.panel_title(right, "b", "cost of kept layers")
    looks = [style.MODEL_LOOKS[model] for model in MAIN_MODELS]
    right.legend(handles=style.handles(looks), loc="upper right")
    return figure


def _draw_schemes(axes: Axes, table: pd.DataFrame, rows: Mapping[str, float]) -> None:
    """Draw the columns of a table as rows of a panel, the models of a scheme apart."""
    for side, model in enumerate(MAIN_MODELS, start=-1):
        values = table.loc[table.index.isin([model], "model")]
        for scheme in table:
            place = rows[scheme] + APART * side
            draw_mean(axes, place, values[scheme], style.MODEL_LOOKS[model], along="x")
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")


def scheme_rows(gap: float = 0.5) -> dict[str, float]:
    """Return the row of each scheme, with gaps between groups."""
    rows, row = {}, 0.0
    for group in SCHEME_GROUPS.values():
        for scheme in group:
            rows[scheme] = row
            row += 1
        row += gap
    return rows


def _name_groups(axes: Axes, rows: dict[str, float]) -> None:
    """Write what the schemes of a group have in common, to the right of their rows."""
    for heading, group in SCHEME_GROUPS.items():
        middle = np.mean([rows[scheme] for scheme in group])
        axes.text(
            1.03, middle, heading, transform=axes.get_yaxis_transform(), va="center",
            fontsize=style.SMALL, color=style.NOTE_COLOUR,
        )  # fmt: skip
