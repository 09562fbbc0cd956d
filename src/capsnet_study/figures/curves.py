"""Curves over training: accuracy against steps (figure 2) and the controls."""

from collections.abc import Iterable, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from capsnet_study.figures.arms import over_trials, shown_arms, trials_text
from capsnet_study.figures.causes import usual_arm
from capsnet_study.figures.ends import ENDS, draw_ends
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
from capsnet_study.training.arms import (
    Arms,
    CNNArm,
    capsule_arms,
    eta_arms,
    n_iter_arms,
)

LATE = 2 / 3  # share of the steps after which curves are enlarged
MARKED = 0.12  # markers on a line so far apart, in diagonals of the panel: a cue beside colour


def draw_curves(axes: Axes, table: pd.DataFrame, arms: Arms, column: str) -> None:
    """The mean over trials of `column` against steps; a band of one s.d. where n >= 2."""
    for key, arm in arms.items():
        curve, look = over_trials(table, key, column), arm_look(arm)
        axes.plot(
            curve["step"], curve["mean"], color=look.colour, linestyle=look.line,
            marker=look.marker, markevery=MARKED, label=look.label, markeredgewidth=0, zorder=3,
        )  # fmt: skip
        if (curve["n"] > 1).any():
            low, high = curve["mean"] - curve["std"], curve["mean"] + curve["std"]
            axes.fill_between(
                curve["step"], low, high, color=look.colour, alpha=0.16, linewidth=0, zorder=2
            )
    axes.grid(axis="y")


def step_axis(axes: Axes, last: float, first: float = 0.0) -> None:
    """Steps on a linear axis up to the last one, from the start of training or from later on."""
    axes.xaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10], integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda step, _: f"{step:,.0f}"))
    axes.set_xlim(first, last + 0.02 * (last - first))
    axes.set_xlabel("training steps (mini-batches)")


def last_step(table: pd.DataFrame) -> float:
    """The step of the last evaluation in a fitting table; 1 if it has no rows."""
    return 1.0 if table.empty else float(table["step"].max())


def percent_axis(axes: Axes, text: str = "exact match on test images") -> None:
    """Shares on the y axis, written in percent."""
    percent_ticks(axes.yaxis)
    axes.set_ylabel(text)


def percent_ticks(axis: Axis) -> None:
    """Ticks at round percentages, with as many decimals as they need."""
    axis.set_major_locator(MaxNLocator(nbins=9, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(
        FuncFormatter(lambda share, _: f"{100 * share:.4g} %".replace("-", "−"))
    )


def _draw_row(
    panels: Iterable[Axes], table: pd.DataFrame, arms: Arms, legend_title: str, base: str | None
) -> None:
    """All of training with the legend, its last third enlarged, and differences at its end."""
    whole, late, end = panels
    last = last_step(table)
    for axes, first in ((whole, 0.0), (late, LATE * last)):
        draw_curves(axes, table, arms, "exact_match")
        step_axis(axes, last, first)
    percent_axis(whole)
    if arms:
        placed = {"loc": "lower right", "alignment": "left", "borderaxespad": 0.2}
        veil = {"frameon": True, "framealpha": 0.8, "edgecolor": "none"}  # over curves that are low
        whole.legend(title=legend_title, **placed, **veil)
    note(whole, trials_text(table, arms), x=0.03, y=0.98)
    draw_ends(end, table, arms, base)
    for line in late.get_lines():
        line.set_markevery(None)
    percent_axis(late, "")
    late.set_title("last third, enlarged", fontsize=7, color=NOTE_COLOUR)
    end.set_title("last step, paired by trial", fontsize=7, color=NOTE_COLOUR)


def _late_limits(table: pd.DataFrame, arms: Arms) -> tuple[float, float] | None:
    """The range of trials and bands in the last third, with a margin; None without rows."""
    rows = table.loc[table["arm"].isin(list(arms))]
    late = rows.loc[rows["step"] >= LATE * last_step(table)].groupby(["arm", "step"])
    found = late["exact_match"].agg(["mean", "std", "min", "max"]).fillna({"std": 0.0})
    if found.empty:
        return None
    low = min(found["min"].min(), (found["mean"] - found["std"]).min())
    high = max(found["max"].max(), (found["mean"] + found["std"]).max())
    margin = 0.03 * (high - low) or 0.01
    return low - margin, high + margin


def _two_rows(
    table: pd.DataFrame,
    groups: Sequence[Arms],
    titles: Sequence[str],
    legend_titles: Sequence[str],
    bases: Sequence[str | None],
) -> Figure:
    """A row of panels a group; curves above one another have the same scale."""
    figure = new_figure(DOUBLE, 5.0)
    grid = figure.subplots(2, 3, width_ratios=[2.3, 2.0, 2.0])
    for row, letter, arms, title, legend_title, base in zip(
        grid, "ab", groups, titles, legend_titles, bases, strict=True
    ):
        _draw_row(row, table, arms, legend_title, base)
        panel_title(row[0], letter, title)
    top = max(axes.get_ylim()[1] for axes in grid[:, 0])
    limits = _late_limits(table, {key: arm for arms in groups for key, arm in arms.items()})
    for whole, late, _ in grid:
        whole.set_ylim(0, top)
        if limits:
            late.set_ylim(limits)
    figure.supxlabel(ENDS, fontsize=SMALL, color=NOTE_COLOUR)
    return figure


@journal_style
def figure_accuracy(table: pd.DataFrame) -> Figure:
    """Figure 2: exact match against steps, (a) by number of iterations, (b) by eta.

    Parameters
    ----------
    table : DataFrame
        `plots/fitting.csv`: one row per arm, trial and evaluation.
    """
    arms = shown_arms(table)
    cnn = {key: arm for key, arm in arms.items() if arm == CNNArm("cnn")}
    usual = usual_arm(arms)
    full = (key for key, arm in eta_arms(arms).items() if arm.eta == 1 and not arm.follows_fitness)
    return _two_rows(
        table,
        [n_iter_arms(arms) | cnn, eta_arms(arms) | cnn],
        ["routing iterations", "update rate"],
        ["iterations n, η = 1", "update rate η, n = 6"],
        [usual, next(full, usual)],
    )


@journal_style
def figure_controls(table: pd.DataFrame) -> Figure:
    """Controls to figure 2: the gradient through routing, and models that do not route.

    Panel (a) sets gradients through every iteration beside those of the last one only, for
    each number of iterations that has both; (b) uniform coupling, n = 3 and the two CNNs.
    """
    arms = shown_arms(table)
    plain = {
        key: arm
        for key, arm in capsule_arms(arms).items()
        if arm.eta == 1 and not arm.follows_fitness
    }
    last = {arm.n_iter for arm in plain.values() if arm.gradient == "last"}
    gradients = {key: arm for key, arm in plain.items() if arm.n_iter in last}
    routing = {
        key: arm for key, arm in plain.items() if arm.n_iter in (1, 3) and arm.gradient == "full"
    }
    controls = routing | {key: arm for key, arm in arms.items() if isinstance(arm, CNNArm)}
    return _two_rows(
        table,
        [gradients, controls],
        ["gradient through routing", "with and without routing"],
        ["η = 1; gradient full unless stated", "n = 1 is uniform coupling"],
        [usual_arm(arms)] * 2,
    )
