"""Routing that starts late or stops early, beside n = 3 and n = 9 throughout."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import fill

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from capsnet_study.figures.arms import trials_text
from capsnet_study.figures.causes import (
    USUAL_N_ITER,
    all_arms,
    plain_arms,
    timed_arms,
    usual_arm,
)
from capsnet_study.figures.curves import draw_curves, last_step, percent_axis, step_axis
from capsnet_study.figures.paired import (
    differences,
    draw_row,
    finish_rows,
    points_axis,
    say_missing,
    spread_text,
)
from capsnet_study.figures.style import (
    DOUBLE,
    NOTE_COLOUR,
    REFERENCE,
    SMALL,
    arm_look,
    journal_style,
    new_figure,
    panel_title,
)
from capsnet_study.names import arm_name
from capsnet_study.training.arms import Arm, Arms

LABEL = 24  # characters in a line of a tick label


def shown_arms(arms: Mapping[str, Arm]) -> Arms:
    """n = 3, arms that switch in the course of training, and what they switch to or from."""
    timed = timed_arms(arms)
    return plain_arms(arms, USUAL_N_ITER, *{arm.n_iter for arm in timed.values()}) | timed


def switches(arms: Mapping[str, Arm]) -> list[float]:
    """The shares of the steps at which some arm switches."""
    timed = timed_arms(arms).values()
    places = {place for arm in timed for place in (arm.routed_from, arm.routed_until)}
    return sorted(places - {0.0, 1.0})


def _mark_switches(axes: Axes, places: list[float], last: float) -> None:
    for place in places:
        axes.axvline(place * last, **REFERENCE)
        axes.annotate(
            f"switch at {100 * place:g} %", (place * last, 1), xycoords=axes.get_xaxis_transform(),
            xytext=(3, -2), textcoords="offset points", va="top", fontsize=SMALL,
            color=NOTE_COLOUR,
        )  # fmt: skip


def _draw_ends(axes: Axes, table: pd.DataFrame, arms: Arms, base: str | None) -> None:
    """Final differences to n = 3, paired by trial: a row an arm."""
    others = {key: arm for key, arm in arms.items() if key != base}
    counts = set()
    for row, (key, arm) in enumerate(others.items()):
        gaps = differences(table, key, base) if base else pd.DataFrame()
        found = draw_row(axes, row, gaps.iloc[-1], arm_look(arm)) if len(gaps) else None
        counts |= {found.n} if found else set()
    names = [fill(arm_name(arm), LABEL) for arm in others.values()]
    axes.set_yticks(range(len(others)), labels=names)
    finish_rows(axes, len(others), f"n = {USUAL_N_ITER}")
    points_axis(axes)
    if counts:
        axes.set_xlabel(f"{axes.get_xlabel()}\n{spread_text(counts)}")
    else:
        say_missing(axes)


@journal_style
def figure_timing(table: pd.DataFrame) -> Figure:
    """(a) Exact match of arms that switch n in the course of training, (b) final differences.

    Parameters
    ----------
    table : DataFrame
        `plots/fitting.csv` and `plots/ablations.csv`, one below the other.
    """
    every = all_arms(table)
    arms = shown_arms(every) if timed_arms(every) else {}
    figure = new_figure(DOUBLE, 3.0)
    curves, ends = figure.subplots(1, 2, width_ratios=[1.4, 1])
    draw_curves(curves, table, arms, "exact_match")
    step_axis(curves, last_step(table))
    percent_axis(curves)
    _mark_switches(curves, switches(arms), last_step(table))
    _draw_ends(ends, table, arms, usual_arm(arms))
    if arms:
        figure.legend(*curves.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    else:
        say_missing(curves)
    spread = f", {trials_text(table, arms)}" if arms else ""
    panel_title(curves, "a", f"over training{spread}")
    panel_title(ends, "b", f"last step, less that of n = {USUAL_N_ITER}")
    return figure
