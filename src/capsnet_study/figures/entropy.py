"""Figure 3: the entropy of the couplings of R1 against steps and against accuracy."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from capsnet_study.figures.arms import over_trials, shown_arms, trials_text
from capsnet_study.figures.curves import draw_curves, last_step, percent_ticks
from capsnet_study.figures.step_axes import log_step_axis
from capsnet_study.figures.style import (
    DOUBLE,
    NOTE_COLOUR,
    REFERENCE,
    SMALL,
    arm_look,
    journal_style,
    new_figure,
    note,
    panel_title,
)
from capsnet_study.training.arms import Arms, eta_arms, n_iter_arms

JOINED_COLOUR = "#b0b0b0"
APART = 0.08  # of accuracy between two joined steps, as a share of its range
ARROWS = (0.35, 0.75)  # where arrows stand, in shares of the length of a curve


def uniform_entropy(table: pd.DataFrame) -> float | None:
    """log J in nats, from H and H / log J; None when no row has both."""
    ratio = (table["entropy_r1"] / table["entropy_share_r1"]).replace(np.inf, np.nan).dropna()
    return None if ratio.empty else float(ratio.median())


def arm_path(table: pd.DataFrame, arm: str) -> pd.DataFrame:
    """Mean accuracy x and mean entropy y of an arm, by step."""
    found = {
        axis: over_trials(table, arm, column).set_index("step")["mean"]
        for axis, column in (("x", "exact_match"), ("y", "entropy_r1"))
    }
    return pd.DataFrame(found).dropna()


def steps_to_join(paths: Sequence[pd.DataFrame]) -> list[int]:
    """Steps at which accuracy is far enough from that at the step before, the first one included.

    Mean accuracies over arms decide: where they stand still, lines would hide one another.
    """
    means = pd.concat(paths).groupby(level="step")["x"].mean()
    chosen = [means.index[0]]
    for step in means.index[1:]:
        if means[step] - means[chosen[-1]] > APART * np.ptp(means.to_numpy()):
            chosen.append(step)
    return [int(step) for step in chosen]


def _draw_phase(axes: Axes, table: pd.DataFrame, arms: Arms) -> None:
    """Entropy against accuracy: an arm a curve, with arrows and with markers that grow."""
    paths = {key: arm_path(table, key) for key in arms}
    for key, path in paths.items():
        look = arm_look(arms[key])
        axes.plot(path["x"], path["y"], color=look.colour, linewidth=0.9, zorder=3)
        axes.scatter(
            path["x"], path["y"], s=np.linspace(2, 22, len(path)), color=look.colour,
            marker=look.marker, linewidths=0, alpha=0.85, zorder=4,
        )  # fmt: skip
    _draw_arrows(axes, paths, arms)
    _join_equal_steps(axes, [path for path in paths.values() if len(path)])


def _draw_arrows(axes: Axes, paths: Mapping[str, pd.DataFrame], arms: Arms) -> None:
    """The direction of training, along the curves: all curves must have been drawn."""
    for key, path in paths.items():
        points = path.to_numpy()
        sizes = np.linalg.norm(np.diff(axes.transData.transform(points), axis=0), axis=1)
        if not sizes.sum():
            continue
        for share in ARROWS:
            start = int(np.searchsorted(np.cumsum(sizes), share * sizes.sum()))
            axes.annotate(
                "", points[start : start + 2].mean(axis=0), points[start], zorder=5,
                arrowprops={"arrowstyle": "-|>", "color": arm_look(arms[key]).colour,
                            "linewidth": 0, "mutation_scale": 11, "shrinkA": 0, "shrinkB": 0},
            )  # fmt: skip


def _join_equal_steps(axes: Axes, paths: Sequence[pd.DataFrame]) -> None:
    """A thin grey line through the arms at some steps, with the step at its lower end."""
    if not paths:
        return
    points = pd.concat(paths)
    for step in steps_to_join(paths):
        joined = points.loc[[step]].sort_values("y")
        axes.plot(joined["x"], joined["y"], color=JOINED_COLOUR, linewidth=0.5, zorder=1)
        axes.annotate(
            f"{step:,}", joined.iloc[0], (-2, -4), textcoords="offset points", ha="right",
            va="top", fontsize=SMALL, color=NOTE_COLOUR,
        )  # fmt: skip


def _draw_uniform(axes: Axes, level: float) -> None:
    """The entropy of uniform coupling, with its name above it."""
    axes.axhline(level, **REFERENCE)
    axes.annotate(
        "log J (uniform coupling)", (1, level), xycoords=axes.get_yaxis_transform(),
        xytext=(0, 3.5), textcoords="offset points", ha="right", va="bottom", fontsize=SMALL,
        color=NOTE_COLOUR,
    )  # fmt: skip


def _make_room(axes: Axes, level: float) -> None:
    """Room for names above the entropy of uniform coupling, and below the lowest curve."""
    bottom = axes.get_ylim()[0]
    axes.set_ylim(bottom - 0.12 * (level - bottom), level + 0.1 * (level - bottom))


def _draw_row(
    panels: Iterable[Axes], table: pd.DataFrame, arms: Arms, letters: str, title: str
) -> None:
    """Entropy against steps with the legend, then against accuracy."""
    left, right = panels
    level = uniform_entropy(table)
    draw_curves(left, table, arms, "entropy_r1")
    if level is not None:
        _make_room(left, level)
        _draw_uniform(left, level)
    steps = table.loc[table["step"] > 0, "step"]
    log_step_axis(left, float(steps.min()) if len(steps) else 1.0, last_step(table))
    left.set_ylabel("coupling entropy H of R1 (nats)")
    note(left, trials_text(table, arms), x=0.02)
    if arms:
        left.legend(loc="lower left", bbox_to_anchor=(0, 0.06))
    right.set_xlabel("exact match on test images")
    percent_ticks(right.xaxis)
    right.grid(axis="y")
    _draw_phase(right, table, arms)
    if level is not None:
        _draw_uniform(right, level)
    panel_title(left, letters[0], title)
    panel_title(right, letters[1], "entropy and accuracy")


@journal_style
def figure_entropy(table: pd.DataFrame) -> Figure:
    """Figure 3: entropy of R1 against steps and against exact match, by n and by eta.

    The upper row has every number of iterations at eta = 1, the lower one six iterations at any eta
    and, as in the paper, seven at eta = 1.

    Parameters
    ----------
    table : DataFrame
        `plots/fitting.csv`: one row per arm, trial and evaluation.
    """
    every = shown_arms(table)
    by_n_iter = n_iter_arms(every)
    by_eta = eta_arms(every) | {key: arm for key, arm in by_n_iter.items() if arm.n_iter == 7}
    figure = new_figure(DOUBLE, 5.4)
    grid = figure.subplots(2, 2, sharey="row")
    _draw_row(grid[0], table, by_n_iter, "ab", "routing iterations")
    _draw_row(grid[1], table, by_eta, "cd", "update rate")
    text = (
        "b, d: arrows and growing markers go with training; grey lines join equal steps, numbered"
    )
    figure.supxlabel(text, fontsize=SMALL, color=NOTE_COLOUR)
    return figure
