"""Figure 7: exact match after transfer, scheme by scheme, CapsNets beside CNN."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from capsnet_study.figures.curves import percent_axis
from capsnet_study.figures.schemes import group_centres, scheme_label, scheme_positions
from capsnet_study.figures.style import (
    DOUBLE,
    INTERVAL,
    MODEL_LOOKS,
    NOTE_COLOUR,
    SMALL,
    journal_style,
    new_figure,
    note,
)
from capsnet_study.names import MAIN_MODELS
from capsnet_study.stats import Interval, bootstrap_interval

BAR = 0.27
CHANCE = 1 / 45  # exact match of a guess among the 45 pairs of digits


def _draw_bar(axes: Axes, x: float, values: np.ndarray, model: str, label: str | None) -> Interval:
    """Mean, interval and every single value of one scheme and model."""
    interval, look = bootstrap_interval(values), MODEL_LOOKS[model]
    axes.bar(x, interval.mean, BAR, color=look.colour, alpha=0.5, label=label)
    places = x + BAR * np.linspace(-0.38, 0.06, len(values))
    axes.scatter(places, values, s=7, color=look.colour, marker=look.marker, linewidths=0, zorder=3)
    if interval.low is not None and interval.high is not None:
        axes.vlines(x + 0.32 * BAR, interval.low, interval.high, **INTERVAL)
    return interval


def _counts_text(counts: set[int]) -> str:
    """What bars, lines and points are, with the number of values a bar."""
    low, high = min(counts), max(counts)
    if high == 1:
        return "1 value a bar (split × direction)"
    number = f"{high}" if low == high else f"{low}–{high}"
    return f"mean, 95 % bootstrap interval and all {number} values (splits × directions)"


@journal_style
def figure_transfer(transfer: pd.DataFrame) -> Figure:
    """Figure 7: exact match on the target domain by transfer scheme.

    Parameters
    ----------
    transfer : DataFrame
        Rows of `plots/transfer_<model>.csv`: model, split, direction, scheme, exact_match.
    """
    figure = new_figure(DOUBLE, 2.7)
    axes = figure.subplots()
    positions, counts = scheme_positions(), set()
    for side, model in enumerate(MAIN_MODELS, start=-1):
        label = MODEL_LOOKS[model].label
        for scheme, x in positions.items():
            chosen = (transfer["model"] == model) & (transfer["scheme"] == scheme)
            values = transfer.loc[chosen, "exact_match"].to_numpy(float)
            if len(values):
                counts.add(_draw_bar(axes, x + side * BAR, values, model, label).n)
                label = None  # one legend entry a model
    _finish(axes, positions, counts)
    return figure


def _finish(axes: Axes, positions: dict[str, float], counts: set[int]) -> None:
    """Axes, group titles, legend and small print."""
    axes.axhline(CHANCE, color=NOTE_COLOUR, linewidth=0.8, linestyle=":", zorder=5)
    axes.set_xticks(list(positions.values()), labels=[scheme_label(one) for one in positions])
    axes.tick_params(axis="x", length=0)
    axes.set(xlim=(-0.8, max(positions.values()) + 0.8), ylim=(0, 1.02))
    percent_axis(axes, "exact match on target domain")
    axes.grid(axis="y")
    for text, centre in group_centres(positions).items():
        axes.annotate(
            text, (centre, 0), xycoords=("data", "axes fraction"), xytext=(0, -24),
            textcoords="offset points", ha="center", va="top", fontsize=SMALL, color=NOTE_COLOUR,
        )  # fmt: skip
    if counts:
        axes.legend(loc="upper right")
        note(axes, _counts_text(counts) + "; dotted: chance", x=0.0, y=1.015)
        axes.texts[-1].set_va("bottom")
