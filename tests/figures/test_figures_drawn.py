"""What the figures draw is what the tables hold: values read back from bars, points and lines."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from capsnet_study.figures.arms import shown_arms
from capsnet_study.figures.curves import figure_accuracy
from capsnet_study.figures.entropy import figure_entropy
from capsnet_study.figures.faithfulness import figure_faithfulness
from capsnet_study.figures.maps import figure_maps
from capsnet_study.figures.schemes import scheme_positions
from capsnet_study.figures.style import MODEL_LOOKS
from capsnet_study.figures.transfer import figure_transfer
from capsnet_study.figures.verdicts import PLACES, figure_claims
from capsnet_study.names import CHAMFER, FAITHFULNESS, MAIN_MODELS
from capsnet_study.training.arms import eta_arms, n_iter_arms
from tests.tables import fitting, manifold, maps, part_record, transfer


def points_of(axes: Axes) -> list[tuple[float, float]]:
    """Where lone markers stand."""
    lines = [line for line in axes.get_lines() if len(line.get_xdata()) == 1]
    return [(float(line.get_xdata()[0]), float(line.get_ydata()[0])) for line in lines]


def segments_of(axes: Axes) -> list[np.ndarray]:
    """The straight lines of all collections, each [2 ends, 2]."""
    lines = [found for found in axes.collections if isinstance(found, LineCollection)]
    return [segment for found in lines for segment in found.get_segments()]


def test_transfer_bars_are_means_and_their_points_the_values():
    table = transfer()
    axes = figure_transfer(table).axes[0]
    bars = [container.patches[0] for container in axes.containers]
    wanted = [(model, scheme) for model in MAIN_MODELS for scheme in scheme_positions()]
    offsets = [found.get_offsets() for found in axes.collections if len(found.get_offsets()) == 4]
    for (model, scheme), bar, drawn in zip(wanted, bars, offsets, strict=True):
        chosen = (table["model"] == model) & (table["scheme"] == scheme)
        values = table.loc[chosen, "exact_match"]
        assert bar.get_y() == 0 and bar.get_height() == pytest.approx(values.mean())
        np.testing.assert_allclose(drawn[:, 1], values)


def test_a_map_is_that_of_its_row_and_column():
    table = maps()
    pairs, models = ["3-5", "7-8"], ["cnn", "capsnet"]
    panels = figure_maps(table, pairs, models).axes
    wanted = [(pair, model) for pair in pairs for model in models]
    for axes, (pair, model) in zip(panels, wanted, strict=False):
        points = table.loc[(table["pair"] == pair) & (table["model"] == model), ["x", "y"]]
        np.testing.assert_allclose(axes.collections[0].get_offsets(), points)
        assert axes.get_title() in ("", MODEL_LOOKS[model].label)


def test_faithfulness_points_are_means_with_intervals_around_them():
    table = manifold()
    shown = [*CHAMFER, *FAITHFULNESS]
    for axes, measure in zip(figure_faithfulness(table, {}).axes, shown, strict=True):
        means = [table.loc[table["model"] == model, measure].mean() for model in MODEL_LOOKS]
        drawn = points_of(axes)
        np.testing.assert_allclose(drawn, [(mean, row) for row, mean in enumerate(means)])
        for (left, right), (mean, row) in zip(segments_of(axes), drawn, strict=True):
            assert left[0] < mean < right[0] and left[1] == right[1] == row


def test_claims_stand_at_their_means_with_their_intervals():
    part = part_record(mean=-0.01, low=-0.04, high=0.02)
    axes = figure_claims({"C2": {"verdict": "reproduced", "parts": [part]}}, fitting())
    (x, row), *others = points_of(axes.axes[0])
    assert not others and (x - PLACES.zero) / PLACES.reach == pytest.approx(-0.01 / 0.04)
    ends = [found[:, 0] for found in segments_of(axes.axes[0]) if (found[:, 1] == row).all()]
    np.testing.assert_allclose((np.array(ends) - PLACES.zero) / PLACES.reach, [[-1.0, 0.5]])


def means_of(table: pd.DataFrame, arm: str, column: str) -> np.ndarray:
    return table[table["arm"] == arm].groupby("step")[column].mean().to_numpy()


def test_the_phase_panel_sets_entropy_against_accuracy():
    table = fitting()
    arms = eta_arms(shown_arms(table)).keys() | {"n7"}
    keys = [key for key in shown_arms(table) if key in arms]
    curves = figure_entropy(table).axes[1].get_lines()[: len(keys)]
    for key, curve in zip(keys, curves, strict=True):
        np.testing.assert_allclose(curve.get_xdata(), means_of(table, key, "exact_match"))
        np.testing.assert_allclose(curve.get_ydata(), means_of(table, key, "entropy_r1"))


def test_the_last_step_shows_the_mean_over_trials():
    table = fitting()
    every = shown_arms(table)
    panels = figure_accuracy(table).axes
    for axes, arms in ((panels[2], n_iter_arms(every)), (panels[5], eta_arms(every))):
        found = [container.lines[0].get_ydata()[0] for container in axes.containers]
        expected = [means_of(table, key, "exact_match")[-1] for key in (*arms, "cnn")]
        np.testing.assert_allclose(found, expected)
