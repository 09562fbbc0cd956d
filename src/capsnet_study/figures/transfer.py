"""Figure 7: what transfer costs, scheme by scheme, paired by split and direction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from capsnet_study.claims.methods import conservative_interval
from capsnet_study.figures.arms import count_range
from capsnet_study.figures.paired import say_missing
from capsnet_study.figures.schemes import group_centres, scheme_label, scheme_positions
from capsnet_study.figures.style import (
    DOUBLE,
    INTERVAL,
    MODEL_LOOKS,
    NOTE_COLOUR,
    REFERENCE,
    SMALL,
    journal_style,
    new_figure,
    note,
    panel_title,
)
from capsnet_study.names import MAIN_MODELS, SCHEME_GROUPS

UNIT = ["split", "direction"]
APART, ASIDE = 0.28, 0.08  # of the models of a scheme; of dots and mean, to either side
SPREAD = 0.05  # of dots, so that none is hidden
PANELS = {  # title: groups of schemes
    "from scratch": ("from\nscratch",),
    "drop from base": ("other\ndomain", "same\ndomain", "everything\nfine-tuned"),
    "random": ("random,\nfrozen",),
}


def scores_by_unit(transfer: pd.DataFrame) -> pd.DataFrame:
    """Exact match in percent: a row a model, split and direction, a column a scheme."""
    return 100 * transfer.pivot(index=["model", *UNIT], columns="scheme", values="exact_match")


def drops_by_unit(transfer: pd.DataFrame) -> pd.DataFrame:
    """Exact match of base less that of each scheme, in points; empty without any base."""
    scores = scores_by_unit(transfer)
    if "base" not in scores:
        return scores.iloc[:0]
    return scores.drop(columns=["base", "base_long"], errors="ignore").rsub(scores["base"], axis=0)


def _draw_scheme(axes: Axes, x: float, values: pd.Series) -> int:
    """Dots of the models at a scheme, those of one unit joined; means with intervals beside."""
    wide = values.dropna().unstack("model").reindex(columns=list(MAIN_MODELS))
    places = {model: x + APART * side for side, model in enumerate(MAIN_MODELS, start=-1)}
    aside = np.linspace(-SPREAD, SPREAD, len(wide)) if len(wide) > 1 else np.zeros(len(wide))
    for shift, (_, row) in zip(aside, wide.iterrows(), strict=True):
        dots = np.array(list(places.values())) - ASIDE + shift
        axes.plot(dots, row, color="#c4c4c4", linewidth=0.4, zorder=2)
    for model, place in places.items():
        found, look = wide[model].dropna(), MODEL_LOOKS[model]
        if found.empty:
            continue
        axes.scatter(
            place - ASIDE + aside[wide[model].notna()], found, s=5, color=look.colour, alpha=0.75,
            linewidths=0, zorder=3,
        )  # fmt: skip
        interval = conservative_interval(found)
        if interval.low is not None:
            axes.vlines(place + ASIDE, interval.low, interval.high, **INTERVAL)
        axes.plot(
            place + ASIDE, interval.mean, color=look.colour, marker=look.marker, linewidth=0,
            zorder=6, markeredgewidth=0, label=look.label,
        )  # fmt: skip
    return int(wide.notna().sum().max()) if len(wide) else 0


def _draw_panel(axes: Axes, table: pd.DataFrame, groups: Sequence[str]) -> set[int]:
    """All schemes of some groups that there are values of; returns the numbers of values."""
    every = scheme_positions()
    positions = {scheme: every[scheme] for group in groups for scheme in SCHEME_GROUPS[group]}
    counts = {
        _draw_scheme(axes, x, table[scheme]) for scheme, x in positions.items() if scheme in table
    }
    if not counts - {0}:
        say_missing(axes)
    axes.set_xticks(list(positions.values()), labels=[scheme_label(one) for one in positions])
    axes.set_xlim(min(positions.values()) - 0.55, max(positions.values()) + 0.55)
    axes.tick_params(axis="x", length=0)
    axes.grid(axis="y")
    if len(groups) > 1:
        _name_groups(axes, {group: group_centres(every)[group] for group in groups})
    return counts - {0}


def _name_groups(axes: Axes, centres: Mapping[str, float]) -> None:
    for text, centre in centres.items():
        axes.annotate(
            text, (centre, 0), xycoords=("data", "axes fraction"), xytext=(0, -16),
            textcoords="offset points", ha="center", va="top", fontsize=SMALL, color=NOTE_COLOUR,
        )  # fmt: skip


def _counts_text(counts: set[int]) -> str:
    """What dots, lines and intervals are, with the number of values."""
    return (
        f"dots: {count_range(counts)} splits × directions, lines join the same one; "
        "mean and 95 % t interval of the means of splits"
    )


@journal_style
def figure_transfer(transfer: pd.DataFrame) -> Figure:
    """Figure 7: exact match from scratch, and what kept, re-trained or random layers cost.

    Parameters
    ----------
    transfer : DataFrame
        Rows of `plots/transfer_<model>.csv`: model, split, direction, scheme, exact_match.
    """
    figure = new_figure(DOUBLE, 3.2)
    panels = figure.subplots(1, 3, width_ratios=[1.5, 6, 1.5])
    tables = [scores_by_unit(transfer), *[drops_by_unit(transfer)] * 2]
    counts: set[int] = set()
    for axes, letter, (title, groups), table in zip(
        panels, "abc", PANELS.items(), tables, strict=True
    ):
        counts |= _draw_panel(axes, table, groups)
        panel_title(axes, letter, title)
    panels[1].axhline(0, **REFERENCE)
    note(panels[1], "below 0: better than base", y=0.98)
    panels[0].set_ylabel("exact match on target domain (%)")
    panels[1].set_ylabel("drop from base (points)")
    panels[2].set_ylabel("drop from base (points)")
    if counts:
        handles, labels = panels[1].get_legend_handles_labels()
        once = dict(zip(labels, handles, strict=True))
        figure.legend(
            once.values(), once.keys(), loc="outside lower center", ncols=3,
            title=_counts_text(counts),
        )  # fmt: skip
    return figure
