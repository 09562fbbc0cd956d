"""How certain couplings are early in training, against the accuracy reached at its end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter

from capsnet_study.claims.significance import parabola
from capsnet_study.figures.arms import spread_of
from capsnet_study.figures.causes import TUNED, all_arms, plain_arms, unusual
from capsnet_study.figures.curves import percent_axis
from capsnet_study.figures.labels import label_points
from capsnet_study.figures.paired import say_missing
from capsnet_study.figures.style import (
    DOUBLE,
    NOTE_COLOUR,
    REFERENCE,
    SMALL,
    arm_look,
    journal_style,
    new_figure,
)
from capsnet_study.names import arm_name
from capsnet_study.training.arms import Arm, Arms, CNNArm, routed_full_arms

MEASURES = ["log_gap_at_tenth", "exact_match"]
MARGIN = 2.5  # points between a name and a marker or an error bar
ROOM = 0.15  # of the range of what is fitted, below it
END = 0.04  # of the range of what is shown, below the arms at the end of the axis
FIT_COLOUR = "#444444"


def certainty_arms(table: pd.DataFrame) -> Arms:
    """The CapsNets that are shown: routing by agreement, whatever else is done to it.

    Those of another algorithm are left out, whose entropies are no measure of the same, and those
    with an initial gain or a learning rate of their own.
    """
    return {
        key: arm
        for key, arm in all_arms(table).items()
        if not isinstance(arm, CNNArm) and not {"algorithm", *TUNED} & unusual(arm)
    }


def fitted_arms(trials: pd.DataFrame, arms: Mapping[str, Arm]) -> set[str]:
    """The arms that the parabola is of, those of claim X3: of the sweep, full gradient."""
    sweep = set(trials.loc[trials["block"] == "sweep", "arm"])
    return {*routed_full_arms({key: arm for key, arm in arms.items() if key in sweep})}


def uniform_level(trials: pd.DataFrame, table: pd.DataFrame) -> float | None:
    """The accuracy of uniform coupling, for which the logarithm does not exist."""
    uniform = list(plain_arms(all_arms(table), 1))
    values = trials.loc[trials["arm"].isin(uniform), "exact_match"]
    return None if values.empty else float(values.mean())


def lowest_shown(fitted: pd.Series, uniform: float | None) -> float:
    """Where the axis ends: a little below what the parabola is of, and below uniform coupling.

    Arms below it stand at its end, with their value, so that the parabola can be seen.
    """
    if fitted.empty:
        return float("-inf")
    low = fitted.min() if uniform is None else min(fitted.min(), uniform)
    return float(low - ROOM * (fitted.max() - low))


@journal_style
def figure_early_certainty(trials: pd.DataFrame, table: pd.DataFrame) -> Figure:
    """log(log J − H) of R1 at a tenth of the steps and final exact match: a point a CapsNet arm.

    Parameters
    ----------
    trials : DataFrame
        `plots/trials.csv`: one row per arm and trial.
    table : DataFrame
        `plots/fitting.csv` and `plots/ablations.csv`, for what the arms are.
    """
    found = trials.dropna(subset=MEASURES).groupby("arm")[MEASURES]
    mean, std, counts = found.mean(), found.std().fillna(0), found.size()
    arms = {key: arm for key, arm in certainty_arms(table).items() if key in mean.index}
    mean, std = (values.loc[list(arms)] for values in (mean, std))
    figure = new_figure(DOUBLE, 4.2)
    axes, listed = figure.subplots(1, 2, width_ratios=[2.6, 1])
    listed.axis("off")
    fitted = fitted_arms(trials, arms)
    uniform = uniform_level(trials, table)
    floor = lowest_shown(mean.loc[[key in fitted for key in arms], "exact_match"], uniform)
    shown = mean.assign(exact_match=mean["exact_match"].clip(lower=floor))
    std = std.where(mean.ge(floor)["exact_match"], 0.0)
    _draw_points(axes, arms, shown, std, fitted)
    if (mean["exact_match"] < floor).any():  # those below stand at the end of the axis
        axes.set_ylim(bottom=floor - END * (shown["exact_match"].max() - floor))
    _finish(axes)
    _draw_uniform(axes, uniform)
    if not arms:
        say_missing(axes)
        return figure
    draw_fit(axes, mean.loc[[key in fitted for key in arms]])
    others = {key: arm for key, arm in arms.items() if key not in fitted}
    numbers = [str(place) for place in range(1, len(others) + 1)]
    _list_hollow(listed, dict(zip(numbers, others.values(), strict=True)))
    names = [
        number if match >= floor else f"{number} ↓ {100 * match:.1f} %"
        for number, match in zip(numbers, mean.loc[list(others), "exact_match"], strict=True)
    ]
    _legend(figure, [arms[key] for key in arms if key in fitted], counts.loc[list(arms)])
    figure.draw_without_rendering()
    points = shown.loc[list(others)].to_numpy()
    label_points(axes, names, points, _obstacles(axes, shown, std))
    return figure


def _list_hollow(axes: Axes, arms: Mapping[str, Arm]) -> None:
    """The names of the arms that have a number in the panel, by that number."""
    lines = [f"{number:>2}  {arm_name(arm)}" for number, arm in arms.items()]
    axes.text(
        0, 1, "\n".join(lines), transform=axes.transAxes, va="top", fontsize=SMALL,
        linespacing=1.35,
    )  # fmt: skip


def _legend(figure: Figure, arms: Iterable[Arm], counts: pd.Series) -> None:
    """The fitted arms by their markers, under a line of small print."""
    looks = [arm_look(arm) for arm in arms]
    handles = [Line2D([], [], color=look.colour, marker=look.marker, linewidth=0) for look in looks]
    legend = figure.legend(
        handles, [look.label for look in looks], loc="outside lower center", ncols=6,
        title=_small_print(counts), handlelength=1,
    )  # fmt: skip
    legend.get_title().set_color(NOTE_COLOUR)


def _draw_points(
    axes: Axes, arms: Arms, mean: pd.DataFrame, std: pd.DataFrame, fitted: set[str]
) -> None:
    for key, (x, y), (dx, dy) in zip(arms, mean.to_numpy(), std.to_numpy(), strict=True):
        look = arm_look(arms[key])
        axes.errorbar(
            x, y, dy, dx, color=look.colour, marker=look.marker, markersize=4.5, elinewidth=0.8,
            markerfacecolor=look.colour if key in fitted else "white", zorder=3,
        )  # fmt: skip
    axes.margins(0.1)


def _finish(axes: Axes) -> None:
    """Axes, with nats on that of the logarithm."""
    axes.grid()
    decades = np.log(10.0) * np.arange(-7, 1)
    axes.xaxis.set_major_locator(FixedLocator(sorted([*decades, *(decades + np.log(3))])))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda gap, _: f"{np.exp(gap):.1g}"))
    axes.set_xlabel("log J − H of R1 at a tenth of the steps (nats, logarithmic): more certain →")
    percent_axis(axes, "final exact match on test images")


def _draw_uniform(axes: Axes, level: float | None) -> None:
    """The line of uniform coupling, with its name."""
    if level is None:
        return
    axes.axhline(level, **REFERENCE)
    axes.annotate(
        "n = 1, uniform coupling (H = log J)", (0, level), xycoords=axes.get_yaxis_transform(),
        xytext=(3, -2), textcoords="offset points", ha="left", va="top", fontsize=SMALL,
        color=NOTE_COLOUR,
    )  # fmt: skip


def draw_fit(axes: Axes, points: pd.DataFrame) -> None:
    """The parabola over the range of its arms, and its vertex if that is a peak within it."""
    x, y = points[MEASURES].to_numpy(float).T
    fit = parabola(x, y)
    if np.isnan(fit.curvature):
        return
    top = float((y - fit.curvature * (x - fit.vertex) ** 2).mean())
    line = np.linspace(x.min(), x.max(), 200)
    height = top + fit.curvature * (line - fit.vertex) ** 2
    axes.plot(line, height, color=FIT_COLOUR, linewidth=1.0, zorder=2)
    if fit.curvature > 0 or not x.min() < fit.vertex < x.max():
        return
    bottom, middle = axes.get_ylim()[0], np.mean(axes.get_xlim())
    side = 1 if fit.vertex < middle else -1
    axes.vlines(fit.vertex, bottom, top, color=FIT_COLOUR, linestyle="--", linewidth=0.9, zorder=2)
    axes.set_ylim(bottom=bottom)
    axes.annotate(
        f"vertex: log J − H = {np.exp(fit.vertex):.2g} nats", (fit.vertex, 0),
        xycoords=axes.get_xaxis_transform(), xytext=(3 * side, 3), textcoords="offset points",
        ha="left" if side > 0 else "right", fontsize=SMALL, color=FIT_COLOUR,
    )  # fmt: skip


def _small_print(counts: pd.Series) -> str:
    return (
        f"{spread_of(counts)}; η = 1 where none is named; "
        "line: quadratic of the filled points (the sweep, full gradient)"
    )


def _obstacles(axes: Axes, mean: pd.DataFrame, std: pd.DataFrame) -> np.ndarray:
    """Where markers, error bars and words stand: left, bottom, right and top in pixels."""
    margin = MARGIN * axes.figure.dpi / 72
    bars = [
        np.hstack([axes.transData.transform(mean - reach), axes.transData.transform(mean + reach)])
        for reach in (std * [1, 0], std * [0, 1])
    ]
    words = [text.get_window_extent().extents for text in axes.texts]
    return np.vstack([*bars, *words]) + margin * np.array([-1, -1, 1, 1])
