"""The study in other settings: verdicts setting by setting, and each main effect over settings."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import fill
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from capsnet_study.figures.forest import look_of
from capsnet_study.figures.style import (
    DOUBLE,
    NOTE_COLOUR,
    Look,
    journal_style,
    new_figure,
    panel_title,
)
from capsnet_study.settings.builtin import MAIN, SEEDS
from capsnet_study.settings.results import ClaimInSetting, EffectOverSettings, JudgedSetting

CELL, HEAD = 0.27, 1.15  # inches: of a row, and of the slanted names above the columns
LINE = 38  # characters of a title in a line
POINTS = 100  # of accuracy in a share
POOLED_COLOUR = "#0163b8"


@journal_style
def figure_settings(settings: Mapping[str, JudgedSetting], titles: Mapping[str, str]) -> Figure:
    """Draw verdicts by claim and setting; a ring where conservative intervals change one.

    Parameters
    ----------
    settings : mapping of str to JudgedSetting
        In the order of columns.
    titles : mapping of str to str
        Of the claims, by id; those that no setting judges get no row.
    """
    rows = [id for id in titles if any(id in setting.claims for setting in settings.values())]
    figure = new_figure(DOUBLE, HEAD + CELL * (len(rows) + 2))
    figure.get_layout_engine().set(rect=(0.03, 0, 0.94, 1))  # slanted names take room beside
    axes = figure.subplots()
    axes.set(xlim=(-0.5, len(settings) - 0.5), ylim=(max(len(rows), 1) - 0.5, -0.5))
    axes.set_yticks(range(len(rows)), [fill(f"{id}  {titles[id]}", LINE) for id in rows])
    axes.xaxis.tick_top()
    names = [setting.title for setting in settings.values()]
    axes.set_xticks(range(len(settings)), names, rotation=35, ha="left", rotation_mode="anchor")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.hlines(np.arange(len(rows) + 1) - 0.5, -0.5, len(settings) - 0.5, color="#e6e6e6", lw=0.5)
    for column, key in enumerate(settings):
        if key in (MAIN, SEEDS):
            axes.axvspan(column - 0.5, column + 0.5, color="#f3f3f3", lw=0, zorder=0)
    for column, setting in enumerate(settings.values()):
        for row, id in enumerate(rows):
            _draw_verdict(axes, column, row, setting.claims.get(id))
    _verdict_legend(figure, settings)
    return figure


def _draw_verdict(axes: Axes, column: int, row: int, judged: ClaimInSetting | None) -> None:
    """Draw one symbol; nothing where the setting cannot decide the claim."""
    if judged is None:
        return
    look = look_of(judged.verdict)
    axes.plot(column, row, **_symbol(look), clip_on=False)
    if judged.conservative != judged.verdict:
        axes.plot(column, row, "o", color=NOTE_COLOUR, mfc="none", markersize=12, mew=0.8)


def _symbol(look: Look) -> dict[str, Any]:
    """Marker and colour of a verdict, open or filled."""
    return {"marker": look.marker, "color": look.colour, "mfc": look.face, "markersize": 6.5}


def _verdict_legend(figure: Figure, settings: Mapping[str, JudgedSetting]) -> None:
    """What symbols mean: the verdicts that occur, and the ring."""
    found = {claim.verdict for setting in settings.values() for claim in setting.claims.values()}
    handles = [
        Line2D([], [], linestyle="", label=look.label, **_symbol(look))
        for look in map(look_of, sorted(found))
    ]
    ring = "conservative intervals leave it open, or say otherwise"
    handles.append(
        Line2D([], [], ls="", marker="o", mfc="none", color=NOTE_COLOUR, ms=9, label=ring)
    )
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))


@journal_style
def figure_effects(effects: Mapping[str, EffectOverSettings], names: Mapping[str, str]) -> Figure:
    """Each main effect in every setting, sorted, with the estimate of the mixed model as a band.

    Parameters
    ----------
    effects : mapping of str to EffectOverSettings
    names : mapping of str to str
        What the settings are called, by key.
    """
    shown = [effect for effect in effects.values() if effect.settings]
    heights = [len(effect.settings) + 1.6 for effect in shown] or [1]
    figure = new_figure(DOUBLE, CELL * 0.62 * sum(heights) + 0.5)
    panels = figure.subplots(len(shown) or 1, 1, sharex=True, height_ratios=heights, squeeze=False)
    for letter, axes, effect in zip("abcdefgh", panels[:, 0], shown, strict=False):
        _draw_effect(axes, effect, names)
        panel_title(axes, letter, effect.title)
    panels[-1, 0].set_xlabel(
        "difference in exact match (points): mean and 95 % t interval over trials, by setting; "
        "band: over settings"
    )
    return figure


def _draw_effect(axes: Axes, effect: EffectOverSettings, names: Mapping[str, str]) -> None:
    """Draw one panel: a row per setting, the smallest effect at the bottom."""
    settings = dict(sorted(effect.settings.items(), key=lambda item: item[1].mean))
    pooled = effect.pooled
    axes.axvline(0, color="#444444", linewidth=0.7)
    if pooled is not None:
        axes.axvspan(POINTS * pooled.low, POINTS * pooled.high, color="#d9e6f2", zorder=0)
        axes.axvline(POINTS * pooled.mean, color=POOLED_COLOUR, linewidth=0.9, zorder=1)
    for row, (key, found) in enumerate(settings.items()):
        whole = key in (MAIN, SEEDS)
        colour = "#000000" if whole else "#5a5a5a"
        if found.low is not None:
            ends = POINTS * found.low, POINTS * found.high
            axes.hlines(row, *ends, color=colour, linewidth=1.0)
        axes.plot(POINTS * found.mean, row, "D" if whole else "o", color=colour, ms=3.2)
    labels = [_row_name(names.get(key, key), found.n) for key, found in settings.items()]
    axes.set_yticks(range(len(settings)), labels)
    axes.set_ylim(-0.6, len(settings) - 0.4)
    axes.grid(axis="x")


def _row_name(name: str, trials: int) -> str:
    """A setting and the number of trials that were paired there.

    >>> _row_name("main study", 5)
    'main study (5)'
    """
    return f"{name} ({trials})"
