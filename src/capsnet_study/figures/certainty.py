"""How certain couplings are early in training, against the accuracy reached at its end."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from capsnet_study.claims.significance import parabola
from capsnet_study.figures import style
from capsnet_study.figures.marks import draw_mean
from capsnet_study.figures.values import PERCENT, all_arms, held_arms
from capsnet_study.names import arm_name
from capsnet_study.training.arms import Arms, YokedArm, eta_arms, routed_full_arms

GAP, MATCH = "log_gap_at_tenth", "exact_match"
HELD = style.Look("certainty of R1 held", style.NOTE_COLOUR, marker="D", filled=False)
FITTED = style.Look("sweep, to which the parabola is fitted", style.NOTE_COLOUR)
BESIDE = style.Look("other update rates", style.NOTE_COLOUR, filled=False)
LABELS = {  # arms that are named, and where: points to the right and above, and what aligns there
    "n2": (0, -30, "center"),
    "n3": (0, 23, "center"),
    "n5": (-6, -3, "right"),
    "n7": (6, -3, "left"),
    "n9": (-6, -3, "right"),
    "n6_eta0p01": (-4, -14, "left"),
    "n6_eta0p1": (4, 29, "right"),
    "n6_eta0p5": (0, 18, "center"),
    "n3_h0p7": (8, 23, "right"),
    "n9_h0p7": (8, -17, "right"),
}


def figure_certainty(trials: pd.DataFrame, table: pd.DataFrame) -> Figure:
    """Draw final exact match against log J − H of R1 at a tenth of the steps, a point per arm.

    The parabola is that of the sweep's routed arms with the full gradient, as claim X3 has it.

    Parameters
    ----------
    trials : DataFrame
        ``plots/trials.csv``: one row per arm and trial.
    table : DataFrame
        ``plots/fitting.csv`` and ``plots/ablations.csv``, for what the arms are.
    """
    found = trials.dropna(subset=[GAP, MATCH])
    arms = {key: arm for key, arm in all_arms(table).items() if (found["arm"] == key).any()}
    families = _families(arms, set(trials.loc[trials["block"] == "sweep", "arm"]))
    means = found.groupby("arm")[[GAP, MATCH]].mean()
    figure = style.new_figure(3.2)
    axes = figure.subplots()
    for family, members in families.items():
        for key, arm in members.items():
            look = family._replace(colour=style.arm_look(arm).colour)
            values = found.loc[found["arm"] == key].set_index("trial")[MATCH]
            draw_mean(axes, np.exp(means.loc[key, GAP]), PERCENT * values, look)
    _draw_fit(axes, means.loc[list(families[FITTED])])
    _draw_labels(axes, means, arms)
    _draw_uniform(axes, PERCENT * trials.loc[trials["arm"] == "n1", MATCH].mean())
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_xlabel("log J − H of R1 at a tenth of the steps (nats, logarithmic): more certain →")
    axes.set_ylabel("exact match after training (%)")
    axes.grid(axis="y")
    style.legend_below(figure, families, 3)
    return style.say_missing(figure)


def _families(arms: Arms, sweep: set[str]) -> dict[style.Look, Arms]:
    """Return the arms that are shown, by how they are marked."""
    fitted = routed_full_arms({key: arm for key, arm in arms.items() if key in sweep})
    yoked = {key: arm for key, arm in arms.items() if isinstance(arm, YokedArm)}
    return {
        FITTED: fitted,
        BESIDE: {key: arm for key, arm in eta_arms(arms).items() if key not in fitted},
        HELD: held_arms(arms, "full") | yoked,
    }


def _draw_fit(axes: Axes, points: pd.DataFrame) -> None:
    """Draw the parabola of exact match in the logarithm, over the range of its arms."""
    x, y = points[[GAP, MATCH]].to_numpy(float).T
    fit = parabola(x, y)
    if np.isnan(fit.curvature):
        return
    top = np.mean(y - fit.curvature * (x - fit.vertex) ** 2)
    line = np.linspace(x.min(), x.max(), 200)
    height = top + fit.curvature * (line - fit.vertex) ** 2
    axes.plot(np.exp(line), PERCENT * height, color=style.NOTE_COLOUR, linewidth=1.0, zorder=2)


def _draw_labels(axes: Axes, means: pd.DataFrame, arms: Arms) -> None:
    """Name some arms beside their points."""
    for key, (right, up, side) in LABELS.items():
        if key not in arms:
            continue
        gap, match = means.loc[key]
        axes.annotate(
            arm_name(arms[key]), (np.exp(gap), PERCENT * match), (right, up), ha=side,
            textcoords="offset points", fontsize=style.SMALL,
        )  # fmt: skip


def _draw_uniform(axes: Axes, level: float) -> None:
    """Draw and name the exact match of uniform coupling, which has no place on the axis."""
    if np.isnan(level):
        return
    axes.axhline(level, **style.REFERENCE)
    axes.annotate(
        "n = 1, uniform couplings", (0.99, level), (0, 3), xycoords=axes.get_yaxis_transform(),
        textcoords="offset points", ha="right", fontsize=style.SMALL, color=style.NOTE_COLOUR,
    )  # fmt: skip
