"""How far each arm is from n = 3 at each step of training, in points of exact match."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from capsnet_study.figures.arms import count_range
from capsnet_study.figures.causes import USUAL_N_ITER, all_arms, step_groups, usual_arm
from capsnet_study.figures.curves import MARKED, last_step
from capsnet_study.figures.paired import (
    differences,
    intervals_by_step,
    name_zero,
    say_missing,
    spread_text,
)
from capsnet_study.figures.step_axes import root_step_axis
from capsnet_study.figures.style import (
    DOUBLE,
    arm_look,
    journal_style,
    new_figure,
    note,
    panel_title,
)
from capsnet_study.training.arms import Arms

MANY = 6  # arms of a panel whose bands would hide one another


def draw_differences(axes: Axes, table: pd.DataFrame, arms: Arms, base: str) -> str:
    """A line an arm, and a band where there are few; returns what is shown of how many trials."""
    counts: set[int] = set()
    banded = len(arms) <= MANY
    for key, arm in arms.items():
        look = arm_look(arm)
        found = intervals_by_step(differences(table, key, base))
        axes.plot(
            found["step"], found["mean"], color=look.colour, linestyle=look.line,
            marker=look.marker, markevery=MARKED, label=look.label, markeredgewidth=0, zorder=3,
        )  # fmt: skip
        if banded:
            axes.fill_between(
                found["step"], found["low"], found["high"], color=look.colour, alpha=0.14,
                linewidth=0,
            )  # fmt: skip
        counts |= {int(n) for n in found["n"]}
    return spread_text(counts) if banded or not counts else f"mean, {count_range(counts)} trials"


@journal_style
def figure_step_differences(table: pd.DataFrame) -> Figure:
    """Exact match less that of n = 3, (a) by number of iterations, (b) by η at n = 6.

    Parameters
    ----------
    table : DataFrame
        `plots/fitting.csv` and `plots/ablations.csv`, one below the other.
    """
    arms = all_arms(table)
    base = usual_arm(arms)
    figure = new_figure(DOUBLE, 3.3)
    panels = figure.subplots(1, 2, sharey=True)
    for axes, letter, (title, group) in zip(panels, "ab", step_groups(arms).items(), strict=True):
        shown = draw_differences(axes, table, group, base) if base else ""
        root_step_axis(axes, last_step(table))
        axes.grid(axis="y")
        name_zero(axes, f"n = {USUAL_N_ITER}")
        panel_title(axes, letter, title)
        if shown:
            note(axes, shown, x=0.02)
            axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.19), ncols=3)
        else:
            say_missing(axes)
    panels[0].set_ylabel(f"exact match less that of n = {USUAL_N_ITER} (points)")
    return figure
