"""Final accuracy where the certainty of R1 is held at a target, beside arms that choose it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from capsnet_study.figures.causes import all_arms, clamped_arms, plain_arms, yoked_arms
from capsnet_study.figures.curves import percent_axis
from capsnet_study.figures.paired import interval_of, last_values, say_missing, spread_text
from capsnet_study.figures.style import (
    DOUBLE,
    Look,
    arm_look,
    journal_style,
    new_figure,
    note,
    panel_title,
)
from capsnet_study.names import arm_name
from capsnet_study.stats import Interval
from capsnet_study.training.arms import Arm, CapsNetArm

PANEL_N_ITER = (3, 9)
FREE_N_ITER = (1, *PANEL_N_ITER)  # unclamped: where they end by themselves
GRADIENTS = {"full": "held, full gradient", "last": "held, last gradient"}
SHARE, MATCH = "entropy_share_r1", "exact_match"
YOKED_COLOUR = "#d55e00"


class Point(NamedTuple):
    """An arm in the panel: what it is, H / log J of R1, its final exact match."""

    label: str
    look: Look
    x: float
    match: Interval


def clamp_look(n_iter: int, gradient: str) -> Look:
    """As other arms of that number of iterations; hollow and dashed where the gradient is last."""
    look = arm_look(CapsNetArm(n_iter, 1.0, gradient, model="capsnet"))
    return look._replace(label=GRADIENTS[gradient], filled=gradient == "full")


def held_points(
    table: pd.DataFrame, arms: Mapping[str, Arm], n_iter: int, gradient: str
) -> list[Point]:
    """Arms of one number of iterations held at a target, by that target."""
    look = clamp_look(n_iter, gradient)
    found = [
        (arm.certainty, interval_of(last_values(table, key)))
        for key, arm in clamped_arms(arms, n_iter, gradient).items()
    ]
    return [Point(look.label, look, x, match) for x, match in found if match]


def free_points(table: pd.DataFrame, arms: Mapping[str, Arm], n_iter: int) -> list[Point]:
    """Unclamped arms, and those of `n_iter` that follow another arm, at their own final H.

    There are none where no arm of `n_iter` is held: there is nothing to compare them with.
    """
    yoked = yoked_arms(arms, n_iter)
    if not yoked and not any(clamped_arms(arms, n_iter, gradient) for gradient in GRADIENTS):
        return []
    points = []
    for key, arm in (plain_arms(arms, *FREE_N_ITER) | yoked).items():
        share, match = (interval_of(last_values(table, key, name)) for name in (SHARE, MATCH))
        if share is None or match is None:
            continue
        look, label = arm_look(arm)._replace(filled=False), f"{arm_name(arm)}, not held"
        if key in yoked:
            look, label = look._replace(colour=YOKED_COLOUR, marker="*"), arm_name(arm)
        points.append(Point(label, look, share.mean, match))
    return points


def _draw_held(axes: Axes, points: list[Point]) -> None:
    """A line through the targets of one gradient, with intervals."""
    if not points:
        return
    look = points[0].look
    axes.plot(
        [point.x for point in points], [point.match.mean for point in points], color=look.colour,
        linestyle=look.line, marker=look.marker, label=look.label, zorder=3,
        markerfacecolor=look.face,
    )  # fmt: skip
    for point in points:
        _draw_interval(axes, point)


def _draw_interval(axes: Axes, point: Point) -> None:
    if point.match.low is not None:
        axes.vlines(
            point.x, point.match.low, point.match.high, color=point.look.colour, linewidth=0.9
        )


def _draw_panel(axes: Axes, table: pd.DataFrame, arms: Mapping[str, Arm], n_iter: int) -> set[int]:
    """Held and free arms of one number of iterations; returns the numbers of trials."""
    held = [held_points(table, arms, n_iter, gradient) for gradient in GRADIENTS]
    free = free_points(table, arms, n_iter)
    for points in held:
        _draw_held(axes, points)
    for point in free:
        _draw_interval(axes, point)
        axes.plot(
            point.x, point.match.mean, marker=point.look.marker, color=point.look.colour,
            markersize=6, linewidth=0, markerfacecolor="white", label=point.label, zorder=4,
        )  # fmt: skip
    return {point.match.n for points in (*held, free) for point in points}


@journal_style
def figure_clamp(table: pd.DataFrame) -> Figure:
    """Final exact match against the target of H / log J of R1, (a) for n = 3 and (b) for n = 9.

    Parameters
    ----------
    table : DataFrame
        `plots/fitting.csv` and `plots/ablations.csv`, one below the other.
    """
    arms = all_arms(table)
    shown = [n_iter for n_iter in PANEL_N_ITER if free_points(table, arms, n_iter)]
    shown = shown or [*PANEL_N_ITER[:1]]
    figure = new_figure(DOUBLE, 3.2)
    panels = figure.subplots(1, len(shown), sharex=True, sharey=True, squeeze=False)[0]
    for axes, letter, n_iter in zip(panels, "ab", shown, strict=False):
        counts = _draw_panel(axes, table, arms, n_iter)
        panel_title(axes, letter, f"n = {n_iter}")
        axes.set_xlabel("H / log J of R1: the target, else at the last step")
        axes.grid()
        axes.margins(0.08)
        if counts:
            note(axes, spread_text(counts), x=0.02)
            axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2)
        else:
            say_missing(axes)
    percent_axis(panels[0], "final exact match on test images")
    return figure
