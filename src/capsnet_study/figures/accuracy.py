"""Figure 2: exact match in training, by number of iterations and by update rate."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from capsnet_study.figures import style
from capsnet_study.figures.marks import POINTS, draw_mean, draw_training, zero_line
from capsnet_study.figures.values import all_arms, chosen_arms, final
from capsnet_study.names import arm_name
from capsnet_study.training.arms import SOFT_N_ITER, Arm, Arms, CNNArm, eta_arms, n_iter_arms

LATE = 2 / 3  # share of the steps after which curves are enlarged


def figure_accuracy(table: pd.DataFrame) -> Figure:
    """Draw exact match against steps, (a) by number of iterations, (b) by update rate.

    Beside each: the last third of training enlarged, and what arms reach minus what n = 3, or
    η = 1, reaches.

    Parameters
    ----------
    table : DataFrame
        ``plots/fitting.csv``: one row per arm, trial and evaluation.
    """
    arms = all_arms(table)
    by_n_iter = n_iter_arms(arms) | chosen_arms(table, ["cnn"])
    figure = style.new_figure(4.6)
    grid = figure.subplots(2, 3, width_ratios=[2.2, 1.9, 2.0], sharey="col")
    _draw_row(grid[0], table, by_n_iter, "n3")
    _draw_row(grid[1], table, eta_arms(arms), "n6_eta1")
    style.panel_title(grid[0, 0], "a", "number of iterations (η = 1)")
    style.panel_title(grid[1, 0], "b", f"update rate (n = {SOFT_N_ITER})")
    grid[0, 2].set_xlabel("iterations n")
    grid[1, 2].set_xlabel(f"update rate η (n = {SOFT_N_ITER})")
    return style.say_missing(figure)


def _draw_row(panels: Iterable[Axes], table: pd.DataFrame, arms: Arms, base: str) -> None:
    """Draw all of training, its last third, and differences at its end."""
    whole, late, end = panels
    draw_training(whole, table, arms)
    whole.set_ylim(bottom=0)
    looks = [style.arm_look(arm) for arm in arms.values()]
    whole.legend(handles=style.handles(looks, lines=True), loc="lower right")
    draw_training(late, table, arms, LATE)
    late.set(title="last third, enlarged", ylabel="")
    _draw_end(end, table, arms, base)
    end.set_title("last evaluation")


def _draw_end(axes: Axes, table: pd.DataFrame, arms: Arms, base: str) -> None:
    """Draw final differences from an arm, paired by trial."""
    if base not in arms:
        return
    for place, (key, arm) in enumerate(arms.items()):
        values = final(table, key) - final(table, base)
        dots = None if key == base else -0.25
        draw_mean(axes, place, values, style.arm_look(arm), dots=dots)
    axes.set_ylabel(f"difference from {arm_name(arms[base])}\n({POINTS})")
    axes.set_xticks(range(len(arms)), labels=[_short(arm) for arm in arms.values()])
    axes.margins(x=0.1)
    axes.grid(axis="y")
    zero_line(axes, "y")


def _short(arm: Arm) -> str:
    """Return the tick label of an arm; the axis names what it is a value of."""
    if isinstance(arm, CNNArm):
        return arm_name(arm)
    if arm.follows_fitness:
        return "fitness"
    return f"{arm.eta:g}" if arm.n_iter == SOFT_N_ITER else f"{arm.n_iter}"
