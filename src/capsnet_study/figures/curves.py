"""Curves over training: accuracy against steps (figure 2) and the controls."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

from capsnet_study.figures.arms import (
    Arm,
    arms_of,
    eta_arms,
    n_iter_arms,
    over_trials,
    reference_arms,
    trials_text,
)
from capsnet_study.figures.style import (
    DOUBLE,
    arm_look,
    journal_style,
    new_figure,
    note,
    panel_title,
)


def draw_curves(axes: Axes, table: pd.DataFrame, arms: Sequence[Arm], column: str) -> None:
    """The mean over trials of `column` against steps; a band of one s.d. where n >= 2."""
    for arm in arms:
        curve, look = over_trials(table, arm, column), arm_look(arm)
        axes.plot(
            curve["step"], curve["mean"], color=look.colour, linestyle=look.line,
            marker=look.marker, markevery=_marked(len(curve)), label=look.label,
            markeredgewidth=0, zorder=3,
        )  # fmt: skip
        if (curve["n"] > 1).any():
            low, high = curve["mean"] - curve["std"], curve["mean"] + curve["std"]
            axes.fill_between(
                curve["step"], low, high, color=look.colour, alpha=0.16, linewidth=0, zorder=2
            )
    axes.grid(axis="y")


def _marked(points: int) -> slice:
    """About seven markers a line: a second cue to colour, without hiding the line."""
    stride = max(points // 7, 1)
    return slice((points - 1) % stride, None, stride)


def step_axis(axes: Axes, table: pd.DataFrame) -> None:
    """Steps on a logarithmic axis that starts at 0: evaluations are dense early in training."""
    steps = np.unique(table["step"])
    first, last = (steps[steps > 0].min(), steps.max()) if (steps > 0).any() else (1, 10)
    axes.set_xscale("symlog", linthresh=first, linscale=0.35)
    decades = 10.0 ** np.arange(np.ceil(np.log10(first)), np.floor(np.log10(last)) + 1)
    axes.set_xticks([0, *decades], labels=["0", *(f"{decade:g}" for decade in decades)])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlim(0, last * 1.08)
    axes.set_xlabel("training steps (mini-batches)")


def percent_axis(axes: Axes, text: str = "exact match on test images") -> None:
    """Shares on the y axis, written in percent."""
    percent_ticks(axes.yaxis)
    axes.set_ylabel(text)


def percent_ticks(axis: Axis) -> None:
    """Ticks at round percentages, with as many decimals as they need."""
    axis.set_major_locator(MaxNLocator(nbins=9, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:.4g} %"))


def draw_last(axes: Axes, table: pd.DataFrame, arms: Sequence[Arm]) -> None:
    """Every trial at its last evaluation, and the mean and s.d. of each arm beside them."""
    for position, arm in enumerate(arms):
        rows, look = table.loc[table["arm"] == arm.name], arm_look(arm)
        values = rows.loc[rows["step"] == rows["step"].max(), "exact_match"]
        spread = values.std() if len(values) > 1 else 0.0
        axes.scatter(
            np.full(len(values), position - 0.16), values, s=7, color=look.colour, alpha=0.55,
            linewidths=0,
        )  # fmt: skip
        axes.errorbar(
            position + 0.16, values.mean(), spread, color=look.colour, marker=look.marker,
            markersize=4, elinewidth=1, markeredgewidth=0,
        )  # fmt: skip
    axes.set_xticks(range(len(arms)), labels=[_short(arm) for arm in arms], rotation=90)
    axes.set_xlim(-0.6, len(arms) - 0.4 if arms else 0.6)
    axes.set_title("last step", fontsize=7, color="#333333")
    axes.grid(axis="y")
    percent_axis(axes, "")


def _short(arm: Arm) -> str:
    """The tick label of an arm; its symbol (n or η) stands in the legend."""
    label = arm_look(arm).label.removeprefix("n = ").removeprefix("η = ")
    return "fitness" if arm.follows_fitness else label.replace(", gradient", "")


def _panel_pair(
    curve_axes: Axes,
    last_axes: Axes,
    table: pd.DataFrame,
    arms: Sequence[Arm],
    legend_title: str | None,
) -> None:
    """Curves with their legend and small print, and the last step on a scale of its own."""
    draw_curves(curve_axes, table, arms, "exact_match")
    step_axis(curve_axes, table)
    percent_axis(curve_axes)
    curve_axes.set_ylim(0, None)
    if arms:
        curve_axes.legend(
            loc="upper left", bbox_to_anchor=(0, 0.95), title=legend_title, alignment="left"
        )
    note(curve_axes, trials_text(table, arms), x=0.03, y=0.98)
    draw_last(last_axes, table, arms)


def _two_pairs(
    table: pd.DataFrame,
    groups: Sequence[Sequence[Arm]],
    titles: Sequence[str],
    legend_titles: Sequence[str | None],
) -> Figure:
    figure = new_figure(DOUBLE, 2.9)
    axes = figure.subplots(1, 4, width_ratios=[3.1, 1.25, 3.1, 1.25])
    for index, letter in enumerate("ab"):
        curve_axes, last_axes = axes[2 * index], axes[2 * index + 1]
        _panel_pair(curve_axes, last_axes, table, groups[index], legend_titles[index])
        panel_title(curve_axes, letter, titles[index])
    top = max(axes[0].get_ylim()[1], axes[2].get_ylim()[1])
    axes[2].sharey(axes[0])
    axes[0].set_ylim(0, top)
    return figure


@journal_style
def figure_accuracy(table: pd.DataFrame) -> Figure:
    """Figure 2: exact match against steps, (a) by number of iterations, (b) by eta.

    Parameters
    ----------
    table : DataFrame
        `plots/fitting.csv`: one row per arm, trial and evaluation.
    """
    arms = arms_of(table)
    cnn = reference_arms(arms)
    return _two_pairs(
        table,
        [n_iter_arms(arms) + cnn, eta_arms(arms) + cnn],
        ["routing iterations", "update rate"],
        ["iterations n, η = 1", "update rate η, n = 6"],
    )


@journal_style
def figure_controls(table: pd.DataFrame) -> Figure:
    """Controls to figure 2: the gradient through routing, and models that do not route.

    Panel (a) sets gradients through every iteration beside those of the last one only, for
    each number of iterations that has both; (b) uniform coupling, n = 3 and the two CNNs.
    """
    arms = arms_of(table)
    last = {arm.n_iter for arm in arms if arm.gradient == "last"}
    plain = [arm for arm in arms if arm.model == "capsnet" and arm.eta == 1
             and not arm.follows_fitness]  # fmt: skip
    gradients = [arm for arm in plain if arm.n_iter in last]
    routing = [arm for arm in plain if arm.n_iter in (1, 3) and arm.gradient == "full"]
    controls = routing + [arm for arm in arms if arm.model != "capsnet"]
    return _two_pairs(
        table,
        [gradients, controls],
        ["gradient through routing", "with and without routing"],
        ["η = 1; gradient full unless stated", "n = 1 is uniform coupling"],
    )
