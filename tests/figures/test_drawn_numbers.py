"""What the figures draw is what the tables hold: values read back from points, lines and cells."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import FillBetweenPolyCollection
from scipy.spatial import procrustes

from capsnet_study.claims.methods import conservative_interval
from capsnet_study.claims.tables import paired
from capsnet_study.figures.accuracy import figure_accuracy
from capsnet_study.figures.entropy import figure_entropy
from capsnet_study.figures.maps import align, median_map, offset_colours
from capsnet_study.figures.schemes import scheme_layers
from capsnet_study.figures.size import size_table
from capsnet_study.figures.timing import figure_timing
from capsnet_study.figures.transfer import scheme_rows
from capsnet_study.names import FAITHFULNESS, MAIN_MODELS, MEASURES, arm_name
from capsnet_study.stats import t_interval
from tests import tables
from tests.cause_tables import ALL_ARMS, LOG_J, evaluations, interventions, mechanism_trials
from tests.figures.figure_inputs import (
    FIGURES,
    IMAGES,
    SETTINGS,
    SIZES,
    maps,
    marks,
    setting_trials,
)


def ends(values: pd.Series) -> tuple[float, float, float]:
    """Return what is drawn of some values: their mean and the ends of their t interval."""
    found = t_interval(values.to_numpy())
    return found.mean, found.low, found.high


def final(arm: str, column: str = "exact_match") -> pd.Series:
    """Return the last values of an arm by trial, exact match in percent."""
    table = evaluations()
    last = table[(table["arm"] == arm) & (table["step"] == table["step"].max())]
    return last.set_index("trial")[column] * (100 if column == "exact_match" else 1)


def test_curves_are_means_in_bands_of_one_standard_deviation():
    table = evaluations()
    whole, late, _ = FIGURES["accuracy"]().axes[:3]
    n1 = table[table["arm"] == "n1"].pivot(index="step", columns="trial", values="exact_match")
    np.testing.assert_allclose(whole.lines[0].get_ydata(), 100 * n1.mean(axis=1))
    (band, *_) = (one for one in whole.collections if isinstance(one, FillBetweenPolyCollection))
    top = 100 * (n1.mean(axis=1) + n1.std(axis=1)).max()
    assert band.get_paths()[0].vertices[:, 1].max() == pytest.approx(top)
    assert late.get_xlim()[0] == pytest.approx(table["step"].max() * 2 / 3)


def test_final_differences_are_paired_by_trial_with_t_intervals():
    table = evaluations()
    axes = figure_accuracy(table[(table["arm"] != "n9") | (table["trial"] != 1)]).axes[2]
    place = [label.get_text() for label in axes.get_xticklabels()].index("9")
    expected = ends((final("n9") - final("n3")).drop(1))  # which has no partner
    assert marks(axes)[place] == pytest.approx((place, *expected))


def test_entropy_is_drawn_against_steps_and_against_accuracy():
    means = evaluations().query("arm == 'n9'").groupby("step")[["exact_match", "entropy_r1"]].mean()
    _, _, over_training, against_accuracy = FIGURES["entropy"]().axes
    curves = [line for line in over_training.lines if len(line.get_xdata()) == len(means)]
    np.testing.assert_allclose(curves[-1].get_ydata(), means["entropy_r1"])
    paths = [line for line in against_accuracy.lines if len(line.get_xdata()) == len(means)]
    np.testing.assert_allclose(paths[-1].get_xdata(), 100 * means["exact_match"])
    np.testing.assert_allclose(paths[-1].get_ydata(), means["entropy_r1"])
    assert over_training.lines[-1].get_ydata() == pytest.approx([LOG_J] * 2)


def test_arrows_mark_the_deepest_early_fall_and_the_most_accurate_arm():
    table = evaluations()
    table.loc[table["arm"] == "n5", "exact_match"] += 0.05
    axes = figure_entropy(table).axes[3]
    red, green = (text for text in axes.texts if getattr(text, "arrow_patch", None))
    means = table.groupby(["arm", "step"])[["exact_match", "entropy_r1"]].mean() * [100, 1]
    last = table["step"].max()
    early = table.loc[table["step"] <= last / 4, "step"].max()
    np.testing.assert_allclose([red.xyann, red.xy], means.loc["n9"].loc[[0, early]])
    np.testing.assert_allclose([green.xyann, green.xy], means.loc["n5"].loc[[early, last]])


def test_shifts_are_labelled_with_the_offsets_of_their_images():
    axes = FIGURES["shifts"]().axes
    assert axes[0].get_xlabel() == "(−4, −4)" and axes[5].get_xlabel() == "(0, +4)"
    np.testing.assert_array_equal(axes[4].get_images()[0].get_array(), IMAGES[40])


@pytest.mark.parametrize(
    ("disparities", "trial"), [([0.3, 0.1, 0.2], 2), ([0.1, 0.4, 0.2, 0.3, 0.0], 2), ([0.5], 0)]
)
def test_the_median_is_that_of_the_trials_with_a_map(disparities, trial):
    assert set(median_map(maps(), pd.Series(disparities))["trial"]) == {trial}


def test_a_map_is_the_median_one_aligned_to_the_grid_with_its_disparity_and_the_mean():
    axes = FIGURES["maps"]().axes[3]  # 7-8, CNN
    disparities = tables.manifold(4).query("model == 'cnn' and pair == '7-8'")[
        "procrustes_disparity"
    ]
    median = disparities.to_numpy().argsort()[1]
    points = maps().query(f"model == 'cnn' and pair == '7-8' and trial == {median}")
    grid, moved, disparity = procrustes(points[["dc", "dr"]] * [1, -1], points[["x", "y"]].values)
    crosses, dots = axes.collections
    np.testing.assert_allclose(crosses.get_offsets(), grid)
    np.testing.assert_allclose(dots.get_offsets(), moved)
    np.testing.assert_allclose(dots.get_facecolors()[:, :3], offset_colours(tables.offsets()))
    words = f"disparity {disparity:.3f}\nmean of all maps {disparities.mean():.3f}"
    assert axes.get_xlabel() == words


def test_a_map_that_has_collapsed_lies_in_the_middle_of_the_grid():
    found = align(maps().query("model == 'cnn' and pair == '7-8' and trial == 0").assign(x=0, y=0))
    assert found.disparity == 1 and not found.points.any()


def test_every_offset_has_a_colour_and_the_key_has_rows_downwards():
    colours = offset_colours(tables.offsets())
    assert len(np.unique(colours.round(3), axis=0)) == 81
    square = FIGURES["maps"]().axes[2].get_images()[0]
    np.testing.assert_allclose(square.get_array().reshape(81, 3), colours)
    assert square.get_extent() == [-4.5, 4.5, 4.5, -4.5]


@pytest.mark.parametrize(
    ("scheme", "sources", "trained"),
    [("base", "BBBB", ""), ("A1B", "AABB", "23"), ("B2B+", "BBBB", "0123"), ("R2B", "RRRB", "3")],
)
def test_schemes_keep_the_convolutions_and_n_layers(scheme, sources, trained):
    layers = scheme_layers(scheme)
    assert "".join(layer.source for layer in layers) == sources
    assert [str(place) for place, layer in enumerate(layers) if layer.hatch] == [*trained]


@pytest.mark.parametrize(("panel", "minus"), [(0, None), (1, "base")])
def test_transfer_has_means_and_drops_with_intervals_of_the_means_of_splits(panel, minus):
    scores = 100 * tables.transfer(splits=3).pivot(
        index=["split", "direction"], columns=["model", "scheme"], values="exact_match"
    )
    row = scheme_rows()["A2B"]
    drawn = marks(FIGURES["transfer"]().axes[panel], "x")
    found = [(x, *span) for x, y, *span in drawn if abs(y - row) < 0.5]
    for mark, model in zip(found, MAIN_MODELS, strict=True):
        values = (
            scores[model, "A2B"] if minus is None else scores[model][minus] - scores[model]["A2B"]
        )
        assert mark == pytest.approx(ends(values.groupby("split").mean()))


def test_faithfulness_is_the_capsnet_minus_each_model_with_its_better_side_shaded():
    for axes, measure in zip(FIGURES["faithfulness"]().axes, FAITHFULNESS, strict=True):
        values = paired("manifold", tables.manifold(), "capsnet", "cnn", measure)
        found = conservative_interval(values)
        assert marks(axes, "x")[1] == pytest.approx((found.mean, 1, found.low, found.high))
        (shade,) = axes.patches
        assert (shade.get_x() == 0) == (MEASURES[measure].better == "higher")


def test_an_intervention_stands_in_the_row_of_its_change_with_its_layers_apart():
    three, nine = FIGURES["interventions"]().axes
    row = [label.get_text() for label in three.get_yticklabels()].index(
        "couplings of another image"
    )
    found = sorted((x, *span) for x, y, *span in marks(nine, "x") if abs(y - row) < 0.5)
    rows = interventions().query("arm == 'n9' and change == 'shuffled'").groupby("layer")
    np.testing.assert_allclose(found, sorted(ends(100 * one["exact_match"]) for _, one in rows))


def test_each_cell_of_the_matrix_stands_at_its_two_numbers_of_iterations():
    keys = ["arm", "layer", "change", "value"]
    means = interventions().groupby(keys, dropna=False)["exact_match"].mean()
    both, r1 = FIGURES["train_test"]().axes[:2]
    tested = [label.get_text() for label in r1.get_xticklabels()]
    trained = [label.get_text() for label in both.get_yticklabels()]
    cells = {text.get_position(): text.get_text() for text in r1.texts}
    gains = r1.get_images()[0].get_array()
    assert len(cells) == len(tested) * len(trained) == 36
    for (column, row), text in cells.items():
        arm = f"n{trained[row]}"
        match = means[arm, "r1", "n_test", float(tested[column])]
        assert text == f"{100 * match:.1f}"
        assert gains[row, column] == pytest.approx(
            100 * (match - means[arm, "both", "none"].iloc[0])
        )


def test_an_arm_that_collapses_leaves_room_for_the_others():
    table = evaluations()
    table.loc[table["arm"] == "n9_late", "exact_match"] = 0.05
    low, high = figure_timing(table).axes[1].get_ylim()
    bases = final("n3").mean(), final("n9").mean()
    assert 50 < low < min(bases) < max(bases) < high


@pytest.mark.parametrize(("panel", "column"), [(0, "exact_match"), (1, "entropy_share_r2")])
def test_held_arms_stand_at_their_levels_and_others_at_their_own_certainty(panel, column):
    found = marks(FIGURES["clamp"]().axes[panel])
    places = {"n9_h0p7": 0.7, "n3_h0p95_last": 0.95}
    places |= {arm: final(arm, "entropy_share_r1").mean() for arm in ("n9", "n3_as_n9")}
    for arm, place in places.items():
        expected = pytest.approx((place, *ends(final(arm, column))))
        assert any(mark == expected for mark in found), arm


def test_certainty_has_each_arm_at_its_mean_and_the_parabola_of_the_sweep():
    trials = mechanism_trials().rename(columns={"log_gap_at_tenth": "gap"})
    axes = FIGURES["certainty"]().axes[0]
    n3 = trials[trials["arm"] == "n3"]
    expected = np.exp(n3["gap"].mean()), *ends(100 * n3["exact_match"])
    assert any(mark == pytest.approx(expected) for mark in marks(axes))
    keys = ["n2", "n3", "n5", "n7", "n9", "n6_eta0p01", "n6_eta0p1", "n6_eta0p5", "n6_eta1"]
    fitted = trials.groupby("arm")[["gap", "exact_match"]].mean().loc[[*keys, "n6_fitness"]]
    (curve,) = [line for line in axes.lines if len(line.get_xdata()) == 200]
    x, y = np.log(curve.get_xdata()), curve.get_ydata()
    np.testing.assert_allclose(y, np.polyval(np.polyfit(*fitted.T.values, 2), x) * 100)
    assert (x[0], x[-1]) == pytest.approx((fitted["gap"].min(), fitted["gap"].max()))


def test_routings_are_ranked_by_accuracy_beside_their_names():
    match, entropy = FIGURES["routings"]().axes
    names = [label.get_text() for label in match.get_yticklabels()]
    found = [x for x, *_ in marks(match, "x")]
    assert found == sorted(found, reverse=True)
    for key in ("kmeans", "n3_sham", "n3_r1", "n3_tau2", "n9", "cnn"):
        assert found[names.index(arm_name(ALL_ARMS[key]))] == pytest.approx(final(key).mean())
    assert not {arm_name(ALL_ARMS[key]) for key in ("n5", "n9_late", "n3_tuned")} & {*names}
    assert len(marks(entropy, "x")) == len(found) - 1  # the CNN has no couplings


def test_effects_are_those_of_the_record_in_percentage_points():
    routing, many = FIGURES["effects"]().axes
    whole, single = marks(routing, "x")
    assert whole == pytest.approx((4.6, 0, 3.9, 5.3))
    assert single[0] == pytest.approx(3.7) and single[1:] == (1, None, None)
    (band,) = routing.patches
    assert (band.get_x(), band.get_width()) == pytest.approx((3, 2))
    assert not marks(many)


def test_the_table_of_sizes_has_settings_of_another_size_and_the_main_study():
    trials = setting_trials()
    table = size_table(trials, SETTINGS, SIZES)
    sizes = table.groupby("setting")[["channels", "capsules"]].first()
    assert sizes.T.to_dict("list") == {"main": [32, 10], "wide": [64, 10], "caps32": [32, 32]}
    shares, entropies = (
        one[one["setting"] == "caps32"].set_index(["arm", "trial"]) for one in (table, trials)
    )
    pd.testing.assert_series_equal(
        shares["entropy_share"], entropies["entropy_last"] / np.log(32), check_names=False
    )


def test_effects_by_size_are_paired_by_trial():
    gain, _, _, certainty = FIGURES["size"]().axes
    wide = setting_trials().query("setting == 'wide'").pivot(index="trial", columns="arm")
    match = 100 * wide["exact_match"]
    (found,) = [mark for mark in marks(gain) if mark[0] == 64]
    assert found == pytest.approx((64, *ends(match["n3"] - match["n1"])))
    found = [y for x, y, *_ in marks(certainty) if x == 64]
    assert found == pytest.approx(wide["entropy_last"][["n3", "n9"]].mean().values / np.log(10))
