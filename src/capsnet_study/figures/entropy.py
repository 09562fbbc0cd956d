"""Figure 3: the entropy of the couplings of R1 against steps and against accuracy."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from capsnet_study.figures.arms import over_trials, shown_arms, trials_text
from capsnet_study.figures.curves import draw_curves, last_step, percent_ticks, step_axis
from capsnet_study.figures.style import (
    DOUBLE,
    NOTE_COLOUR,
    SMALL,
    arm_look,
    journal_style,
    new_figure,
    note,
    panel_title,
)
from capsnet_study.training.arms import Arms, eta_arms, n_iter_arms


def uniform_entropy(table: pd.DataFrame) -> float | None:
    """log J in nats, from H and H / log J; None when no row has both."""
    ratio = (table["entropy_r1"] / table["entropy_share_r1"]).replace(np.inf, np.nan).dropna()
    return None if ratio.empty else float(ratio.median())


def _draw_phase(axes: Axes, table: pd.DataFrame, arms: Arms) -> None:
    """Entropy against accuracy: an arm a curve, markers that grow with training."""
    paths = []
    for key, arm in arms.items():
        entropy, accuracy = (
            over_trials(table, key, column).set_index("step")["mean"]
            for column in ("entropy_r1", "exact_match")
        )
        look = arm_look(arm)
        axes.plot(accuracy, entropy, color=look.colour, linewidth=0.9, zorder=3)
        axes.scatter(
            accuracy, entropy, s=np.linspace(2, 26, len(entropy)), color=look.colour,
            marker=look.marker, linewidths=0, alpha=0.85, zorder=4,
        )  # fmt: skip
        paths.append(pd.DataFrame({"x": accuracy, "y": entropy}))
    _join_equal_steps(axes, paths)


def _join_equal_steps(axes: Axes, paths: Sequence[pd.DataFrame]) -> None:
    """A thin grey line through the arms at each step, from the highest entropy down."""
    if not paths:
        return
    for _, points in pd.concat(paths).groupby(level="step"):
        points = points.sort_values("y")
        axes.plot(points["x"], points["y"], color="#b8b8b8", linewidth=0.5, zorder=1)


def _draw_uniform(axes: Axes, level: float | None) -> None:
    if level is not None:
        axes.axhline(level, color=NOTE_COLOUR, linewidth=0.8, linestyle=":", zorder=1)


def _name_uniform(axes: Axes, level: float) -> None:
    """What the dotted line is, above it and clear of the curves on it."""
    bottom = axes.get_ylim()[0]
    axes.set_ylim(bottom, level + 0.09 * (level - bottom))
    axes.annotate(
        "log J (uniform coupling)", (1, level), xycoords=axes.get_yaxis_transform(),
        xytext=(0, 3.5), textcoords="offset points", ha="right", va="bottom", fontsize=SMALL,
        color=NOTE_COLOUR,
    )  # fmt: skip


@journal_style
def figure_entropy(table: pd.DataFrame) -> Figure:
    """Figure 3: entropy of R1 (a) against steps and (b) against exact match.

    The arms are those with six iterations at any eta and, as in the paper, seven at eta = 1.

    Parameters
    ----------
    table : DataFrame
        `plots/fitting.csv`: one row per arm, trial and evaluation.
    """
    every = shown_arms(table)
    arms = eta_arms(every)
    arms |= {key: arm for key, arm in n_iter_arms(every).items() if arm.n_iter == 7}
    level = uniform_entropy(table)
    figure = new_figure(DOUBLE, 2.9)
    left, right = figure.subplots(1, 2, sharey=True)

    draw_curves(left, table, arms, "entropy_r1")
    step_axis(left, last_step(table))
    left.set_ylabel("coupling entropy H of R1 (nats)")
    _draw_uniform(left, level)
    if level is not None:
        _name_uniform(left, level)
    note(left, trials_text(table, arms), x=0.02)
    panel_title(left, "a", "entropy over training")

    _draw_phase(right, table, arms)
    _draw_uniform(right, level)
    right.grid(axis="y")
    right.set_xlabel("exact match on test images")
    percent_ticks(right.xaxis)
    note(right, "markers grow with training;\ngrey lines join equal steps", x=0.02)
    panel_title(right, "b", "entropy and accuracy")
    if arms:
        figure.legend(*left.get_legend_handles_labels(), loc="outside right upper")
    return figure
