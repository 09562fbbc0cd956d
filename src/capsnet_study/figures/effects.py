"""The main effects in every setting, and over all of them."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import fill

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from capsnet_study.figures import style
from capsnet_study.figures.marks import POINTS, draw_interval, row_axis, zero_line
from capsnet_study.figures.values import PERCENT
from capsnet_study.settings.builtin import MAIN, SEEDS
from capsnet_study.settings.results import EffectOverSettings
from capsnet_study.stats import Interval

TITLE = 18  # characters in a line of a title
MAIN_LOOK = style.Look("main study", "#000000", marker="D")
OTHER_LOOK = style.Look("other settings", style.NOTE_COLOUR)


def figure_effects(effects: Mapping[str, EffectOverSettings], names: Mapping[str, str]) -> Figure:
    """Draw each main effect in every setting, with the estimate over settings as a band.

    Parameters
    ----------
    effects : mapping of str to EffectOverSettings
    names : mapping of str to str
        What the settings are called, by key, in the order of rows.
    """
    rows = {key: row for row, key in enumerate(names)}
    figure = style.new_figure(1.0 + 0.16 * max(len(rows), 4))
    panels = figure.subplots(1, len(effects), sharey=True)
    titles = _same_height([effect.title for effect in effects.values()])
    for letter, axes, effect, title in zip(
        "abcdefgh", panels, effects.values(), titles, strict=False
    ):
        _draw_effect(axes, effect, rows)
        row_axis(axes, list(names.values()))
        axes.set_title(rf"$\bf{{{letter}}}$" f"\n{title}", loc="left")
    figure.supxlabel(f"difference in exact match ({POINTS})", fontsize=7.5)
    return style.say_missing(figure)


def _same_height(titles: list[str]) -> list[str]:
    """Return titles in lines that fit a panel, all with as many lines, kept together around =."""
    filled = [fill(title.replace(" = ", "\u00a0=\u00a0"), TITLE) for title in titles]
    most = max((title.count("\n") for title in filled), default=0)
    return [title + "\n" * (most - title.count("\n")) for title in filled]


def _draw_effect(axes: Axes, effect: EffectOverSettings, rows: Mapping[str, int]) -> None:
    """Draw a row per setting, with the main study, alone and with all seeds, in black."""
    if effect.pooled is not None:
        low, high = PERCENT * effect.pooled.low, PERCENT * effect.pooled.high
        axes.axvspan(low, high, color=style.SKY, alpha=0.25, linewidth=0, zorder=0)
        axes.axvline(PERCENT * effect.pooled.mean, color=style.BLUE, linewidth=0.9, zorder=1)
    for key, found in effect.settings.items():
        look = MAIN_LOOK if key in (MAIN, SEEDS) else OTHER_LOOK
        draw_interval(axes, rows[key], _in_points(found), look, "x")
    zero_line(axes, "x")


def _in_points(found: Interval) -> Interval:
    """Return an interval of shares in percentage points."""
    ends = (None if end is None else PERCENT * end for end in (found.low, found.high))
    return Interval(PERCENT * found.mean, found.n, *ends)
