"""Accuracy, and the certainty of R2, where the certainty of R1 is held at a level."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from capsnet_study.figures import style
from capsnet_study.figures.marks import draw_mean
from capsnet_study.figures.values import all_arms, chosen_arms, final, held_arms
from capsnet_study.training.arms import CapsNetArm, YokedArm

FREE = ("n3", "n9", "n3_as_n9", "n9_as_n3")  # not held at a level; the last two follow the other
MEASURES = {"exact_match": "exact match (%)", "entropy_share_r2": "H / log J of R2"}


def figure_clamp(table: pd.DataFrame) -> Figure:
    """Draw (a) final exact match and (b) final H / log J of R2 against H / log J of R1.

    The latter is the level at which it is held, or what it ends at by itself.

    Parameters
    ----------
    table : DataFrame
        ``plots/fitting.csv`` and ``plots/ablations.csv``, one below the other.
    """
    arms = all_arms(table)
    held = held_arms(arms, "full") | held_arms(arms, "last")
    free = chosen_arms(table, FREE) if held else {}
    looks = {held_look(arm): None for arm in held.values()}  # each once, in order
    figure = style.new_figure(3.1)
    left, right = figure.subplots(1, 2, sharex=True)
    for axes, (measure, label) in zip((left, right), MEASURES.items(), strict=True):
        for look in looks:
            one = {key: arm for key, arm in held.items() if held_look(arm) == look}
            _draw_held(axes, table, one, measure, look)
        for key, arm in free.items():
            place = final(table, key, "entropy_share_r1").mean()
            draw_mean(axes, place, final(table, key, measure), free_look(arm))
        axes.set(xlabel="H / log J of R1", ylabel=label)
        axes.grid()
    style.panel_title(left, "a", "accuracy")
    style.panel_title(right, "b", "certainty of R2")
    style.legend_below(figure, [*looks, *map(free_look, free.values())], 4, lines=True)
    return style.say_missing(figure)


def held_look(arm: CapsNetArm) -> style.Look:
    """Return how arms held at a level are drawn, whatever the level."""
    look = style.arm_look(replace(arm, certainty=None))
    return look._replace(label=f"{look.label}, held", filled=arm.gradient == "full")


def free_look(arm: CapsNetArm) -> style.Look:
    """Return how an arm that is not held at a level is drawn."""
    return style.arm_look(arm)._replace(line="", marker="*" if isinstance(arm, YokedArm) else "o")


def _draw_held(
    axes: Axes, table: pd.DataFrame, held: dict[str, CapsNetArm], measure: str, look: style.Look
) -> None:
    """Draw a line through the levels of one number of iterations and gradient."""
    values = {arm.certainty: final(table, key, measure) for key, arm in held.items()}
    axes.plot(
        list(values), [one.mean() for one in values.values()], color=look.colour,
        linestyle=look.line,
    )  # fmt: skip
    for level, one in values.items():
        draw_mean(axes, level, one, look)
