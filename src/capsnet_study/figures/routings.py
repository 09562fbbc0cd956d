"""Other ways to set the couplings of the same votes, the best on top."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from capsnet_study.figures import style
from capsnet_study.figures.marks import draw_mean, row_axis
from capsnet_study.figures.values import all_arms, chosen_arms, final
from capsnet_study.names import arm_name
from capsnet_study.training.arms import Arm, Arms, CNNArm

BESIDE = ("n1", "n3", "n9", "cnn")  # what other routings are compared with
FAMILIES = {
    "algorithm": style.Look("another algorithm", style.VERMILION, marker="s"),
    "temperature": style.Look("another temperature", style.GREEN, marker="p"),
    "couplings_of": style.Look("couplings of another image", style.PURPLE, marker="D"),
    "routed": style.Look("one layer routes", style.SKY, marker="v"),
}
USUAL = {"algorithm": "dynamic", "temperature": 1.0, "couplings_of": "own", "routed": "all"}


def family(arm: Arm) -> str | None:
    """Return what is unusual in how an arm routes; None where nothing is."""
    if isinstance(arm, CNNArm):
        return None
    return next((name for name, usual in USUAL.items() if getattr(arm, name) != usual), None)


def ranked_arms(table: pd.DataFrame) -> Arms:
    """Return the arms that are shown, the best one first."""
    arms = {key: arm for key, arm in all_arms(table).items() if family(arm)}
    arms |= chosen_arms(table, BESIDE)
    best_first = sorted(arms, key=lambda key: -final(table, key).mean())
    return {key: arms[key] for key in best_first}


def figure_routings(table: pd.DataFrame) -> Figure:
    """Draw (a) final exact match and (b) final H / log J of R1 of arms that route otherwise.

    Parameters
    ----------
    table : DataFrame
        ``plots/fitting.csv`` and ``plots/ablations.csv``, one below the other.
    """
    arms = ranked_arms(table)
    figure = style.new_figure(1.1 + 0.16 * max(len(arms), 5))
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=[1.5, 1])
    for row, (key, arm) in enumerate(arms.items()):
        look = FAMILIES.get(family(arm)) or style.arm_look(arm)
        draw_mean(left, row, final(table, key), look, along="x")
        draw_mean(right, row, final(table, key, "entropy_share_r1"), look, along="x")
    for axes in (left, right):
        row_axis(axes, [arm_name(arm) for arm in arms.values()])
        axes.grid()
    left.set_xlabel("exact match (%)")
    right.set_xlabel("H / log J of R1")
    style.panel_title(left, "a", "accuracy")
    style.panel_title(right, "b", "certainty")
    shown = {family(arm) for arm in arms.values()}
    style.legend_below(figure, [look for name, look in FAMILIES.items() if name in shown], 4)
    return style.say_missing(figure)
