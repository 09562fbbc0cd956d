"""What arms reach at the end of training less what one of them reaches, paired by trial."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from capsnet_study.figures.paired import differences, interval_of, say_missing
from capsnet_study.figures.style import INTERVAL, REFERENCE, arm_look
from capsnet_study.names import arm_name
from capsnet_study.training.arms import SOFT_N_ITER, Arm, Arms, CNNArm, arms_in

ENDS = "right: a dot a trial, lines join the same trial; beside them mean and 95 % t interval"
ROOM = 4  # characters of a tick label that lies flat
SPREAD, ASIDE = 0.2, 0.36  # of the dots of an arm; of its mean, to the right of them


def end_differences(table: pd.DataFrame, arms: Arms, base: str) -> pd.DataFrame:
    """Exact match at the last step less that of `base` in points: a row a trial, a column an arm.

    NaN where a trial of an arm has no such trial of `base` beside it.
    """
    found = {key: differences(table, key, base) for key in arms}
    return pd.DataFrame({key: one.iloc[-1] for key, one in found.items() if len(one)})


def draw_ends(axes: Axes, table: pd.DataFrame, arms: Arms, base: str | None) -> None:
    """Dots of trials, side by side so that none is hidden, and the mean of each arm."""
    if base is None or not arms:
        say_missing(axes)
    else:
        values = end_differences(table, arms, base)
        _draw_trials(axes, values, arms, base)
        _draw_means(axes, values, arms, base)
    axes.axhline(0, **REFERENCE)
    _name_arms(axes, arms)
    axes.set_xlim(-0.6, len(arms) - 0.3 if arms else 0.6)
    if base is not None:
        axes.set_ylabel(f"difference to {arm_name(arms_in(table)[base])} (points)")
    axes.grid(axis="y")


def _draw_trials(axes: Axes, values: pd.DataFrame, arms: Arms, base: str) -> None:
    """A thin line a trial through all arms, a dot at each but `base`, which is 0."""
    places = [list(arms).index(key) for key in values]
    aside = np.linspace(-SPREAD, SPREAD, len(values)) if len(values) > 1 else [0.0]
    colours = [arm_look(arms[key]).colour for key in values]
    shown = [key != base for key in values]
    for shift, (_, row) in zip(aside, values.iterrows(), strict=True):
        x, y = np.array(places) + shift * np.array(shown), row.to_numpy()
        axes.plot(x, y, color="#c4c4c4", linewidth=0.4, zorder=2)
        axes.scatter(
            x[shown], y[shown], s=6, c=[colours[i] for i in np.flatnonzero(shown)], alpha=0.75,
            linewidths=0, zorder=3,
        )  # fmt: skip


def _draw_means(axes: Axes, values: pd.DataFrame, arms: Arms, base: str) -> None:
    for key in values:
        found, look = interval_of(values[key]), arm_look(arms[key])
        if found is None:
            continue
        x = list(arms).index(key) + (ASIDE if key != base else 0.0)
        if found.low is not None and key != base:
            axes.vlines(x, found.low, found.high, **INTERVAL)
        axes.plot(
            x, found.mean, color=look.colour, marker=look.marker, linewidth=0, zorder=6,
            markeredgewidth=0,
        )  # fmt: skip


def _name_arms(axes: Axes, arms: Arms) -> None:
    """A tick an arm, and on the axis what its number is of."""
    names = [_short(arm) for arm in arms.values()]
    upright = max(map(len, names), default=0) > ROOM
    axes.set_xticks(range(len(arms)), labels=names, rotation=90 if upright else 0)
    counts = {arm.n_iter for arm in arms.values() if not isinstance(arm, CNNArm)}
    axes.set_xlabel("update rate η" if counts == {SOFT_N_ITER} else "iterations n")


def _short(arm: Arm) -> str:
    """The tick label of an arm; its symbol (n or η) names the axis."""
    if isinstance(arm, CNNArm):
        return arm_name(arm)
    if arm.n_iter == SOFT_N_ITER:
        return "fitness" if arm.follows_fitness else f"{arm.eta:g}"
    return f"{arm.n_iter}, last" if arm.gradient == "last" else f"{arm.n_iter}"
