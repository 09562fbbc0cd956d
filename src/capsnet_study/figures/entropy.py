"""Figure 3: the entropy of the couplings of R1 against steps and against accuracy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from capsnet_study.figures import style
from capsnet_study.figures.marks import draw_curve
from capsnet_study.figures.values import all_arms, over_trials
from capsnet_study.training.arms import Arms, eta_arms, n_iter_arms

JOINED = np.array([0.025, 0.1, 0.3, 1.0])  # shares of the steps at which grey lines join all arms
EARLY = 0.25  # share of the steps that the red arrow covers; the green one covers the others
FAINT = 0.2  # opacity at the first evaluation


def figure_entropy(table: pd.DataFrame) -> Figure:
    """Draw the entropy of R1 (a, c) against steps and (b, d) against exact match.

    (a, b) are the paper's figure: six iterations at any update rate, and seven at a rate of 1.
    (c, d) are the same of every number of iterations.

    Parameters
    ----------
    table : DataFrame
        ``plots/fitting.csv``: one row per arm, trial and evaluation.
    """
    arms = all_arms(table)
    by_n_iter = n_iter_arms(arms)
    by_eta = eta_arms(arms) | {key: arm for key, arm in by_n_iter.items() if arm.n_iter == 7}
    figure = style.new_figure(5.2)
    grid = figure.subplots(2, 2, sharey=True, sharex="col")
    _draw_row(grid[0], table, by_eta, "ab", "update rate (n = 6), and n = 7")
    _draw_row(grid[1], table, by_n_iter, "cd", "number of iterations (η = 1)")
    grid[1, 0].set_xlabel("training steps (mini-batches, logarithmic)")
    grid[1, 1].set_xlabel("exact match (%)")
    return style.say_missing(figure)


def _draw_row(
    panels: Iterable[Axes], table: pd.DataFrame, arms: Arms, letters: str, title: str
) -> None:
    left, right = panels
    style.panel_title(left, letters[0], title)
    style.panel_title(right, letters[1], "the same, against accuracy")
    left.set_ylabel("coupling entropy H of R1 (nats)")
    if not arms:
        return
    for key, arm in arms.items():
        draw_curve(left, table, key, "entropy_r1", style.arm_look(arm))
    _log_step_axis(left, table["step"])
    looks = [style.arm_look(arm) for arm in arms.values()]
    left.legend(handles=style.handles(looks, lines=True), loc="lower left")
    level = uniform_entropy(table)
    for axes in panels:
        axes.grid(axis="y")
        axes.axhline(level, **style.REFERENCE)
    left.annotate(
        "log J: uniform coupling", (0.02, level), (0, 3), xycoords=left.get_yaxis_transform(),
        textcoords="offset points", fontsize=style.SMALL, color=style.NOTE_COLOUR,
    )  # fmt: skip
    _draw_paths(right, {key: arm_path(table, key) for key in arms}, arms)


def _log_step_axis(axes: Axes, steps: pd.Series) -> None:
    """Draw an axis that is logarithmic from the first evaluation after step 0 on."""
    axes.set_xscale("symlog", linthresh=steps[steps > 0].min())
    axes.set_xticks([0, 10, 100, 1000])
    axes.set_xlim(0, 1.2 * steps.max())
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter("{x:,.0f}")


def uniform_entropy(table: pd.DataFrame) -> float:
    """Return log J in nats, from H and H / log J."""
    return float((table["entropy_r1"] / table["entropy_share_r1"]).median())


def arm_path(table: pd.DataFrame, arm: str) -> pd.DataFrame:
    """Return mean exact match in percent (x) and mean entropy (y) of an arm, by step."""
    return pd.DataFrame(
        {
            "x": over_trials(table, arm)["mean"],
            "y": over_trials(table, arm, "entropy_r1")["mean"],
        }
    )


def _draw_paths(axes: Axes, paths: Mapping[str, pd.DataFrame], arms: Arms) -> None:
    """Draw a curve per arm, more opaque as training goes on, and grey lines at equal steps."""
    for key, path in paths.items():
        look = style.arm_look(arms[key])
        opacity = np.linspace(FAINT, 1, len(path))
        axes.plot(path["x"], path["y"], color=look.colour, linewidth=0.8, alpha=0.6, zorder=3)
        colours = [(*to_rgb(look.colour), alpha) for alpha in opacity]
        axes.scatter(
            path["x"], path["y"], s=14, c=colours, marker=look.marker, linewidths=0, zorder=4
        )
    _join_equal_steps(axes, pd.concat(paths, names=["arm"]))
    _draw_arrows(axes, paths)


def _join_equal_steps(axes: Axes, points: pd.DataFrame) -> None:
    """Draw a grey line through all arms at some steps, with the step at its upper end."""
    steps = points.index.unique("step").sort_values()
    nearest = steps.get_indexer(steps[-1] * JOINED, method="nearest")
    for step in steps[np.unique(nearest)]:
        line = points.xs(step, level="step").sort_values("y")
        axes.plot(line["x"], line["y"], color="#b0b0b0", linewidth=0.5, zorder=1)
        axes.annotate(
            f"{step:,}", line.iloc[-1], (0, 4), textcoords="offset points", ha="center",
            fontsize=style.SMALL, color=style.NOTE_COLOUR,
        )  # fmt: skip


def _draw_arrows(axes: Axes, paths: Mapping[str, pd.DataFrame]) -> None:
    """Draw the paper's arrows: a deep early fall of entropy (red), a fall with accuracy (green).

    The red arrow follows the arm with the lowest entropy at its end. From that step on, the green
    arrow follows the arm that is most accurate after training.
    """
    early = {key: path.loc[: EARLY * path.index[-1]] for key, path in paths.items()}
    deepest = min(early.values(), key=lambda path: path["y"].iloc[-1])
    best = max(paths, key=lambda key: paths[key]["x"].iloc[-1])
    rest = paths[best].loc[early[best].index[-1] :]
    for path, colour in ((deepest, style.VERMILION), (rest, style.GREEN)):
        axes.annotate(
            "", path.iloc[-1], path.iloc[0], zorder=5,
            arrowprops={"arrowstyle": "-|>", "color": colour, "linewidth": 1.6},
        )  # fmt: skip
