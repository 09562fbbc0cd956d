"""What the figures draw is what the tables hold: values read back from bars, points and lines."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import FillBetweenPolyCollection, LineCollection, PathCollection
from scipy.spatial import procrustes

from capsnet_study.claims.methods import conservative_interval
from capsnet_study.claims.tables import paired
from capsnet_study.figures.arms import shown_arms
from capsnet_study.figures.curves import figure_accuracy
from capsnet_study.figures.entropy import figure_entropy
from capsnet_study.figures.faithfulness import figure_distances, figure_faithfulness
from capsnet_study.figures.maps import figure_maps, shown_pairs
from capsnet_study.figures.schemes import scheme_positions
from capsnet_study.figures.style import MODEL_LOOKS
from capsnet_study.figures.transfer import figure_transfer
from capsnet_study.figures.verdicts import figure_claims
from capsnet_study.names import CHAMFER, FAITHFULNESS, MAIN_MODELS, arm_name
from capsnet_study.stats import t_interval
from capsnet_study.training.arms import eta_arms, n_iter_arms
from tests.tables import claim_record, fitting, manifold, maps, part_record, transfer


def points_of(axes: Axes) -> list[tuple[float, float]]:
    """Where lone markers stand."""
    lines = [line for line in axes.get_lines() if len(line.get_xdata()) == 1]
    return [(float(line.get_xdata()[0]), float(line.get_ydata()[0])) for line in lines]


def segments_of(axes: Axes) -> list[np.ndarray]:
    """The straight lines of all collections, each [2 ends, 2]."""
    lines = [found for found in axes.collections if isinstance(found, LineCollection)]
    return [segment for found in lines for segment in found.get_segments()]


def test_transfer_dots_are_drops_joined_by_split_and_direction():
    table = transfer()
    axes = figure_transfer(table).axes[1]
    scores = table.pivot(index=["split", "direction"], columns=["model", "scheme"])["exact_match"]
    models = list(MAIN_MODELS)
    base = scores.xs("base", axis=1, level="scheme")[models]
    joined = [line.get_ydata() for line in axes.get_lines() if len(line.get_xdata()) == 3]
    schemes = [scheme for scheme in scheme_positions() if scheme[:1] in "AB"]
    drops = [100 * (base - scores.xs(one, axis=1, level="scheme")[models]) for one in schemes]
    np.testing.assert_allclose(joined, np.concatenate(drops))
    means = np.concatenate([drop.mean() for drop in drops])
    np.testing.assert_allclose([y for _, y in points_of(axes)], means)


def test_transfer_intervals_are_those_of_the_means_of_splits():
    table = transfer(splits=3)
    axes = figure_transfer(table).axes[0]
    chosen = table[(table["model"] == MAIN_MODELS[0]) & (table["scheme"] == "base")]
    expected = t_interval(100 * chosen.groupby("split")["exact_match"].mean().to_numpy())
    np.testing.assert_allclose(segments_of(axes)[0][:, 1], [expected.low, expected.high])


def test_no_dot_of_transfer_is_hidden():
    table = transfer().assign(exact_match=0.5)
    dots = [
        tuple(point)
        for item in figure_transfer(table).axes[1].collections
        if isinstance(item, PathCollection)
        for point in np.round(item.get_offsets(), 9)
    ]
    assert len(dots) == len(set(dots)) == 4 * 3 * 8


def test_every_dot_of_transfer_lies_on_the_line_of_its_split_and_direction():
    axes = figure_transfer(transfer()).axes[1]
    joined = [line.get_xydata() for line in axes.get_lines() if len(line.get_xdata()) == 3]
    dots = [item.get_offsets() for item in axes.collections if isinstance(item, PathCollection)]
    found = [sorted(np.round(np.concatenate(part), 9).tolist()) for part in (joined, dots)]
    assert found[0] == found[1]


def test_a_map_is_that_of_its_row_and_column_aligned_to_the_grid():
    table = maps()
    table["x"] += table["dr"] ** 2 * (1 + (table["model"] == "cnn"))
    table["x"] += 0.5 * table["dc"] ** 2 * (table["pair"] == "7-8")
    pairs, models = ["3-5", "7-8"], ["cnn", "capsnet"]
    measured = manifold(pairs=pairs)
    means = measured.groupby(["model", "pair"])["procrustes_disparity"].mean()
    panels = figure_maps(table, measured, pairs, models).axes
    wanted = [(pair, model) for pair in pairs for model in models]
    for axes, (pair, model) in zip(panels, wanted, strict=False):
        points = table.loc[(table["pair"] == pair) & (table["model"] == model)]
        grid, moved, disparity = procrustes(
            points[["dc", "dr"]] * [1, -1], points[["x", "y"]].to_numpy()
        )
        crosses, dots = axes.collections
        np.testing.assert_allclose(crosses.get_offsets(), grid)
        np.testing.assert_allclose(dots.get_offsets(), moved)
        of_trials = f"mean of 2 trials: {means[model, pair]:.3f}"
        assert axes.get_xlabel() == f"disparity {disparity:.3f}\n{of_trials}" and disparity > 0.01
        assert axes.get_title() in ("", MODEL_LOOKS[model].label)


def test_a_map_that_has_collapsed_lies_in_the_middle_of_the_grid():
    table = maps(models=["capsnet"])
    table.loc[table["pair"] == "7-8", ["x", "y"]] = 0.0
    panel = figure_maps(table, manifold(trials=1, pairs=["3-5", "7-8"]), ["7-8"], ["capsnet"]).axes[
        0
    ]
    crosses, dots = panel.collections
    assert (np.asarray(dots.get_offsets()) == 0).all()
    assert np.linalg.norm(crosses.get_offsets()) == pytest.approx(1.0)
    assert panel.get_xlabel() == "disparity 1.000"


def test_pairs_with_the_median_and_the_worst_disparity_are_shown_too():
    means = {"0-1": 0.3, "3-5": 0.0, "7-8": 0.1, "0-2": 0.2, "0-9": 0.4}
    table = manifold(trials=2, pairs=list(means))
    aside = 0.5 - table["trial"]  # of the pairs, their means decide, and not the first trial
    table["procrustes_disparity"] = table["pair"].map(means) + aside * (table["pair"] == "3-5")
    reasons = shown_pairs(table, ["7-8", "3-5"])
    assert list(reasons) == ["7-8", "3-5", "0-2", "0-9"] and reasons["7-8"] == ""
    assert reasons["0-2"] == "CapsNet's median of 5" and reasons["0-9"] == "CapsNet's worst of 5"
    assert list(shown_pairs(table[table["model"] == "cnn"], ["7-8"])) == ["7-8"]


def test_faithfulness_points_are_means_with_intervals_around_them():
    table = manifold()
    panels = figure_distances(table, {}).axes
    shown = [*CHAMFER, FAITHFULNESS[0]]
    for axes, measure in zip(panels[:4], shown, strict=True):
        means = [table.loc[table["model"] == model, measure].mean() for model in MODEL_LOOKS]
        drawn = points_of(axes)
        np.testing.assert_allclose(drawn, [(mean, row) for row, mean in enumerate(means)])
        for (left, right), (mean, row) in zip(segments_of(axes), drawn, strict=True):
            assert left[0] < mean < right[0] and left[1] == right[1] == row


def test_null_maps_are_bands_and_lines_at_their_values():
    drawn = {"noise": (0.4, 0.5, 0.7), "shuffled": (0.1, 0.2, 0.25)}
    drawn |= {"rotated_30": (0.37, 0.37, 0.37), "perfect": (0.0, 0.0, 0.0)}
    kinds = {kind: dict(zip(("low", "mean", "high"), ends, strict=True))
             for kind, ends in drawn.items()}  # fmt: skip
    kinds["perfect"] |= {"low": -1e-9, "high": 1e-9}
    axes = figure_distances(manifold(), {"chamfer_zscore": kinds}).axes[0]
    bands = [(one.get_x(), one.get_x() + one.get_width()) for one in axes.patches]
    assert bands == [pytest.approx((0.4, 0.7)), pytest.approx((0.1, 0.25))]
    lines = {line.get_linestyle(): line.get_xdata()[0] for line in axes.get_lines()
             if len(line.get_xdata()) == 2}  # fmt: skip
    assert lines == {"-": 0.0, "--": 0.37}


def test_faithfulness_compares_the_capsnet_by_trial_and_pair():
    table = manifold()
    panels = [*figure_distances(table, {}).axes[4:], *figure_faithfulness(table).axes[:5]]
    others = [model for model in MODEL_LOOKS if model != "capsnet"]
    measures = [*CHAMFER, FAITHFULNESS[0], *FAITHFULNESS]
    for axes, measure in zip(panels, measures, strict=True):
        drawn, ends = points_of(axes), segments_of(axes)
        for row, other in enumerate(others):
            values = paired("manifold", table, "capsnet", other, measure)
            found = conservative_interval(values)
            assert drawn[row] == (pytest.approx(found.mean), row)
            np.testing.assert_allclose(ends[row][:, 0], [found.low, found.high])


def test_claims_stand_at_their_means_in_standard_deviations_with_both_intervals():
    part = part_record(mean=-0.01, sd=0.02, low=-0.04, high=0.02)
    wider = claim_record(replace(part, low=-0.05, high=0.03))
    _, plot = figure_claims({"C2": claim_record(part)}, {"C2": wider}, fitting()).axes
    assert points_of(plot) == [(-0.5, 1.0)]
    np.testing.assert_allclose([found[:, 0] for found in segments_of(plot)], [[-2.5, 1.5], [-2, 1]])
    thin, thick = (line for line in plot.collections if isinstance(line, LineCollection))
    assert thin.get_linewidth() < thick.get_linewidth() and thin.zorder < thick.zorder


@pytest.mark.parametrize(
    ("side", "left", "right"), [("above", 0.5, None), ("below", None, 0.5), ("within", -0.5, 0.5)]
)
def test_the_side_expected_is_shaded_up_to_the_bound_in_standard_deviations(side, left, right):
    part = part_record(side=side, bound=0.01, sd=0.02)
    _, plot = figure_claims({"C1": claim_record(part)}, {}, fitting()).axes
    (shade,) = [item for item in plot.collections if isinstance(item, FillBetweenPolyCollection)]
    across, end = shade.get_paths()[0].vertices[:, 0], plot.get_xlim()[1]
    ends = np.clip([across.min(), across.max()], -end, end)
    assert tuple(ends) == (-end if left is None else left, end if right is None else right)


def test_levels_of_each_arm_share_a_row_with_the_range_of_their_means():
    level = {"kind": "level", "measure": "entropy_change", "minus": None, "group": "routed_arms"}
    means = {"n3": -0.02, "n7": -0.08, "n9": -0.06}
    parts = [part_record(**level, of=arm, mean=mean, sd=0.02) for arm, mean in means.items()]
    words, plot = figure_claims({"C5": claim_record(*parts)}, {}, fitting()).axes
    assert points_of(plot) == [(-1.0, 1.0), (-4.0, 1.0), (-3.0, 1.0)]
    (line,) = segments_of(plot)
    np.testing.assert_allclose(line, [[-4, 1], [-1, 1]])
    shown = [text.get_text() for text in words.texts]
    assert "change of R1 entropy (nats): each of 3 arms that route" in shown
    assert "−0.0800 to −0.0200" in shown


def means_of(table: pd.DataFrame, arm: str, column: str) -> np.ndarray:
    return table[table["arm"] == arm].groupby("step")[column].mean().to_numpy()


def test_the_phase_panels_set_entropy_against_accuracy():
    table = fitting()
    every = shown_arms(table)
    panels = figure_entropy(table).axes
    by_eta = [key for key in every if key in eta_arms(every).keys() | {"n7"}]
    for axes, keys in ((panels[1], list(n_iter_arms(every))), (panels[3], by_eta)):
        curves = [line for line in axes.get_lines() if line.get_linewidth() == 0.9]
        assert len(curves) == len(keys)
        drawn = {tuple(curve.get_xdata()): curve.get_ydata() for curve in curves}
        for key in keys:
            x, y = (means_of(table, key, column) for column in ("exact_match", "entropy_r1"))
            np.testing.assert_allclose(drawn[tuple(x)], y)


def test_the_last_step_shows_each_trial_and_the_mean_less_those_of_one_arm():
    table = fitting(trials=4)
    every = shown_arms(table)
    panels = figure_accuracy(table).axes
    last = table[table["step"] == table["step"].max()]
    matches = 100 * last.pivot(index="trial", columns="arm", values="exact_match")
    rows = (panels[2], n_iter_arms(every), "n3"), (panels[5], eta_arms(every), "n6_eta1")
    for axes, arms, base in rows:
        keys, ends = [*arms, "cnn"], matches.sub(matches[base], axis=0)
        np.testing.assert_allclose([y for _, y in points_of(axes)], ends[keys].mean(), atol=1e-9)
        joined = [line for line in axes.get_lines() if line.get_linewidth() == 0.4]
        np.testing.assert_allclose([line.get_ydata() for line in joined], ends[keys], atol=1e-9)
        dots = [item for item in axes.collections if isinstance(item, PathCollection)]
        places = {x for item in dots for x, _ in np.round(item.get_offsets(), 9).tolist()}
        assert len(places) == 4 * (len(keys) - 1)
        assert arm_name(every[base]) in axes.get_ylabel()
