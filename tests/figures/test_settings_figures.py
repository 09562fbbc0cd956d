"""The figures of the study in other settings show every verdict and every effect."""

from __future__ import annotations

from dataclasses import replace

import pytest

from capsnet_study.figures.forest import OUTCOME_LOOKS
from capsnet_study.figures.settings import figure_effects, figure_settings
from capsnet_study.figures.style import render
from capsnet_study.settings.results import (
    ClaimInSetting,
    EffectInSetting,
    EffectOverSettings,
    JudgedSetting,
    PooledEffect,
)

TITLES = {"C1": "one", "C2": "two", "C3": "three"}
SETTINGS = {
    "main": JudgedSetting(
        "main study",
        "",
        5,
        {},
        {
            "C2": ClaimInSetting("reproduced", "inconclusive", []),
            "C3": ClaimInSetting("contradicted", "contradicted", []),
        },
    ),
    "fresh": JudgedSetting(
        "no image twice",
        "data",
        3,
        {},
        {"C3": ClaimInSetting("inconclusive", "inconclusive", [])},
    ),
}


def effect(**settings: float) -> EffectOverSettings:
    found = {
        key: EffectInSetting(mean, 3, mean - 0.01, mean + 0.01, share_above=0.5)
        for key, mean in settings.items()
    }
    return EffectOverSettings("an effect", found, PooledEffect(0.02, 0.01, 0.03))


def test_each_verdict_has_its_symbol_in_its_place() -> None:
    (axes,) = figure_settings(SETTINGS, TITLES).axes
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["C2  two", "C3  three"]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["main study", "no image twice"]
    found = {
        (line.get_xdata()[0], line.get_ydata()[0]): line.get_marker()
        for line in axes.lines
        if line.get_markersize() < 10
    }
    looks = {key: look.marker for key, look in OUTCOME_LOOKS.items()}
    assert found == {
        (0, 0): looks["reproduced"],
        (0, 1): looks["contradicted"],
        (1, 1): looks["inconclusive"],
    }


def test_a_ring_marks_verdicts_that_conservative_intervals_do_not_share() -> None:
    (axes,) = figure_settings(SETTINGS, TITLES).axes
    rings = [line for line in axes.lines if line.get_markersize() > 10]
    assert [(ring.get_xdata()[0], ring.get_ydata()[0]) for ring in rings] == [(0, 0)]


def test_effects_are_sorted_in_points_with_the_pooled_band() -> None:
    names = {"main": "main study", "fresh": "no image twice", "short": "shorter"}
    figure = figure_effects({"x": effect(main=0.02, fresh=-0.01, short=0.03)}, names)
    (axes,) = figure.axes
    labels = [tick.get_text() for tick in axes.get_yticklabels()]
    assert labels == ["no image twice (3)", "main study (3)", "shorter (3)"]
    means = [line.get_xdata()[0] for line in axes.lines if line.get_marker() in ("o", "D")]
    assert means == pytest.approx([-1.0, 2.0, 3.0])
    ends = [line.get_segments()[0] for line in axes.collections]
    assert [*map(tuple, (line[:, 0] for line in ends))] == [
        pytest.approx(found) for found in ((-2.0, 0.0), (1.0, 3.0), (2.0, 4.0))
    ]
    (band,) = [one for one in axes.patches if one.get_width() == pytest.approx(2.0)]
    assert band.get_x() == pytest.approx(1.0)
    upright = [line.get_xdata()[0] for line in axes.lines if len(line.get_xdata()) == 2]
    assert upright == pytest.approx([0.0, 2.0])


def test_what_is_missing_is_left_out() -> None:
    alone = {"main": EffectInSetting(0.02, 1, None, None, share_above=0.5)}
    single = EffectOverSettings("an effect", alone)
    without = replace(SETTINGS["main"], claims={})
    for figure in (
        figure_effects({"x": single, "y": effect()}, {}),
        figure_effects({}, {}),
        figure_settings({"main": without}, TITLES),
    ):
        assert render(figure, "png", 50)
