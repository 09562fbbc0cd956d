"""The main effects, and the certainty of R1, against the size of the networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from capsnet_study.figures import style
from capsnet_study.figures.marks import POINTS, draw_mean, zero_line
from capsnet_study.figures.values import PERCENT
from capsnet_study.models.params import ModelParams
from capsnet_study.settings.builtin import MAIN
from capsnet_study.settings.params import Settings


class Line(NamedTuple):
    """What is drawn of each size: R1's H / log J of an arm, or exact match minus another arm's."""

    of: str
    minus: str | None = None


PANELS = {
    "routing: n = 3 minus n = 1": [Line("n3", "n1")],
    "many iterations: n = 9 minus n = 3": [Line("n9", "n3")],
    "n = 3 and (dashed) n = 1 minus CNN": [Line("n3", "cnn"), Line("n1", "cnn")],
    "certainty of n = 3 and (dashed) n = 9": [Line("n3"), Line("n9")],
}
SECOND = {"line": (0, (4, 2)), "filled": False}  # of two lines in a panel
LOOKS = [style.Look("", style.BLUE), style.Look("", style.VERMILION, marker="s"),
         style.Look("", style.GREEN, marker="^")]  # by the number of Cap1 capsules  # fmt: skip
APART = 1.08  # factor on the axis between two numbers of Cap1 capsules


def size_table(trials: pd.DataFrame, settings: Settings, main: ModelParams) -> pd.DataFrame:
    """Return the trials of the main study and of the settings that differ from it in `model`.

    Parameters
    ----------
    trials : DataFrame
        ``plots/settings.csv``: one row per setting, arm and trial.
    settings : mapping of str to Setting
        The block ``settings``.
    main : ModelParams
        The sizes of the main study.

    Returns
    -------
    DataFrame
        Columns setting, channels (of the convolutions), capsules (of Cap1), arm, trial, exact_match
        (percent) and entropy_share (final H / log J of R1).
    """
    changes = {MAIN: {}} | {key: one.model for key, one in settings.items() if one.model}
    models = {key: ModelParams(**asdict(main) | change) for key, change in changes.items()}
    rows = trials.loc[trials["setting"].isin(list(models))]
    capsules = rows["setting"].map({key: model.cap1_capsules for key, model in models.items()})
    table = rows[["setting", "arm", "trial"]].assign(
        channels=rows["setting"].map({key: model.conv_channels for key, model in models.items()}),
        capsules=capsules,
        exact_match=PERCENT * rows["exact_match"],
        entropy_share=rows["entropy_last"] / np.log(capsules),
    )
    return table.sort_values(["capsules", "channels"], kind="stable")


def figure_size(table: pd.DataFrame) -> Figure:
    """Draw three effects and the final certainty of R1 against the number of channels.

    Parameters
    ----------
    table : DataFrame
        As `size_table` returns it.
    """
    figure = style.new_figure(4.2)
    panels = figure.subplots(2, 2, sharex=True)
    looks = {
        capsules: look._replace(label=f"J = {capsules} Cap1 capsules")
        for capsules, look in zip(table["capsules"].unique().tolist(), LOOKS, strict=False)
    }
    for axes, letter, (title, lines) in zip(panels.flat, "abcd", PANELS.items(), strict=True):
        _draw_panel(axes, table, lines, looks)
        style.panel_title(axes, letter, title)
    for axes in panels.flat[:-1]:
        axes.set_ylabel(f"difference in exact match\n({POINTS})")
        zero_line(axes, "y")
    panels[1, 1].set_ylabel("H / log J of R1")
    for axes in panels[1]:
        axes.set_xlabel("convolution channels (logarithmic)")
    channels = table["channels"].unique()
    panels[0, 0].set_xscale("log")
    panels[0, 0].set_xticks(channels, labels=channels)
    panels[0, 0].xaxis.set_minor_locator(NullLocator())
    style.legend_below(figure, looks.values(), 3)
    return style.say_missing(figure)


def _draw_panel(
    axes: Axes, table: pd.DataFrame, lines: Sequence[Line], looks: Mapping[int, style.Look]
) -> None:
    """Draw each line once per number of Cap1 capsules, in the colour of that."""
    for line, change in zip(lines, ({}, SECOND), strict=False):
        for place, (capsules, look) in enumerate(looks.items()):
            rows = table.loc[table["capsules"] == capsules]
            _draw_line(axes, rows, line, look._replace(**change), APART**place)
    axes.grid(axis="y")


def _draw_line(axes: Axes, rows: pd.DataFrame, line: Line, look: style.Look, shift: float) -> None:
    """Draw mean and interval at each size, and a line through the means."""
    means = []
    for (channels, _), trials in rows.groupby(["channels", "setting"]):
        values = values_in(trials, line)
        draw_mean(axes, shift * channels, values, look)
        means.append((shift * channels, values.mean()))
    known = [point for point in means if np.isfinite(point[1])]
    if known:
        axes.plot(*zip(*known, strict=True), color=look.colour, linestyle=look.line)


def values_in(rows: pd.DataFrame, line: Line) -> pd.Series:
    """Return by trial what a line shows of one setting, paired where it is a difference."""
    measure = "entropy_share" if line.minus is None else "exact_match"
    of, minus = (rows.loc[rows["arm"] == arm].set_index("trial")[measure] for arm in line)
    return (of if line.minus is None else of - minus).dropna()
