"""Routing that sets in late or is reduced early, beside n = 3 and n = 9 throughout."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from capsnet_study.figures import style
from capsnet_study.figures.marks import draw_training
from capsnet_study.figures.values import chosen_arms, final

BASES = ("n3", "n9")
TIMED = ("n3_late", "n9_early", "n9_late", "n9_late3")
LATE = 0.5  # share of the steps after which curves are enlarged
ROOM = 3.0  # percentage points below the bases in the enlarged panel, and half of it above


def figure_timing(table: pd.DataFrame) -> Figure:
    """Draw (a) exact match of arms that change n in the course of training, (b) its second half.

    The second panel is enlarged around n = 3 and n = 9; arms far below them leave it.

    Parameters
    ----------
    table : DataFrame
        ``plots/fitting.csv`` and ``plots/ablations.csv``, one below the other.
    """
    timed = chosen_arms(table, TIMED)
    arms = chosen_arms(table, BASES) | timed if timed else {}
    figure = style.new_figure(2.9)
    whole, late = figure.subplots(1, 2)
    draw_training(whole, table, arms)
    draw_training(late, table, arms, LATE)
    style.panel_title(whole, "a", "all of training")
    style.panel_title(late, "b", "second half, enlarged")
    ends = [final(table, key).mean() for key in BASES if key in arms]
    if ends:
        late.set_ylim(min(ends) - ROOM, max(ends) + ROOM / 2)
    looks = [style.arm_look(arm) for arm in arms.values()]
    style.legend_below(figure, looks, 3, lines=True)
    return style.say_missing(figure)
