"""Figures of transfer, faithfulness, claims and early certainty: what they show, and its words."""

from itertools import combinations, pairwise

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.text import Text

from capsnet_study import figures
from capsnet_study.figures.arms import arms_of
from capsnet_study.figures.parts import arm_words, describe_part
from capsnet_study.figures.schemes import scheme_positions
from capsnet_study.figures.style import MODEL_LOOKS, arm_look
from capsnet_study.figures.verdicts import row_scale
from tests.figure_inputs import (
    LABELS,
    MAIN_MODELS,
    claims,
    fitting,
    fitting_trials,
    manifold,
    nulls,
    texts,
    transfer,
)


def test_transfer_has_a_bar_a_scheme_and_model_with_every_value():
    axes = figures.figure_transfer(transfer(splits=3)).axes[0]
    assert len(axes.containers) == 33
    assert "all 6 values" in texts(axes)
    assert [label.get_text() for label in axes.get_xticklabels()] == list(scheme_positions())
    shown = [text.get_text() for text in axes.get_legend().get_texts()]
    assert shown == ["CapsNet", "CapsNet, uniform", "CNN"]


def test_transfer_bars_stand_beside_one_another_in_the_colours_of_their_models():
    axes = figures.figure_transfer(transfer()).axes[0]
    bars = [bar for container in axes.containers for bar in container]
    ends = sorted((bar.get_x(), bar.get_x() + bar.get_width()) for bar in bars)
    assert all(one[1] <= other[0] + 1e-9 for one, other in pairwise(ends))
    colours = [to_hex(bar.get_facecolor()) for bar in bars]
    expected = [to_hex(MODEL_LOOKS[model].colour) for model in MAIN_MODELS]
    assert list(dict.fromkeys(colours)) == expected


def test_transfer_draws_one_model_one_value_or_none():
    table = transfer(splits=1, models=("cnn",)).query("direction == 'AB' and scheme != 'R1B'")
    axes = figures.figure_transfer(table).axes[0]
    assert len(axes.containers) == 10 and "1 value" in texts(axes)
    figures.render(figures.figure_transfer(table.iloc[:0]), "png", 40)


def test_faithfulness_says_which_way_is_better_and_from_how_many_values():
    figure = figures.figure_faithfulness(manifold(trials=2), nulls())
    ways = [axes.get_xlabel() for axes in figure.axes]
    assert ways == ["← better"] * 4 + ["better →"] * 4
    assert "n = 3 to 6" in figure.legends[0].get_title().get_text()
    assert [bool(axes.patches) for axes in figure.axes] == [True, False, False, True] + [False] * 4


def test_faithfulness_names_null_maps_that_coincide_and_the_panels_that_have_any():
    coinciding, apart = nulls()["chamfer_zscore"], {"mean": 0.3, "low": 0.25, "high": 0.35}
    coinciding |= {"noise": apart, "perfect": dict.fromkeys(apart, 0.0)}
    coinciding |= {"shuffled": dict.fromkeys(apart, 1e-16), "rotated_30": dict.fromkeys(apart, 0.2)}
    figure = figures.figure_faithfulness(manifold(), nulls() | {"chamfer_zscore": coinciding})
    assert texts(figure.axes[0]) == "grid = shuffled grid"
    assert len(figure.axes[0].patches) == 1 and len(figure.axes[3].patches) == 2
    assert "null maps in panels a, d only" in figure.legends[0].get_title().get_text()


def test_faithfulness_draws_one_value_a_model_and_no_nulls():
    table = manifold(trials=1).query("pair == '7-8' and model in ['capsnet', 'cnn']")
    figure = figures.figure_faithfulness(table, {})
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["CapsNet", "CNN"]
    figures.render(figure, "png", 40)


def test_claims_show_every_part_in_words_with_its_n_and_verdict():
    axes = figures.figure_claims(claims(), fitting()).axes[0]
    shown = [text.get_text() for text in axes.texts]
    assert [text for text in shown if text in LABELS] == [
        "inconclusive", "reproduced", "contradicted", "not evaluated", "not evaluated"
    ]  # fmt: skip
    assert shown.count("5") == 3 and shown.count("0") == 1
    assert not any("_" in text for text in shown)
    assert "−2.00" in shown and "[−3.00, −1.00] points" in shown and "one-sided p = 0.9600" in shown


@pytest.mark.parametrize(
    ("label", "measure", "compared"),
    [
        ("exact_match: n6_fitness − n6_1", "final exact match", "η by fitness minus η = 0.1"),
        ("exact_match: n6_0 − best of n1, n9", "final exact match",
         "η = 0.01 minus best of n = 1, n = 9"),
        ("entropy_change: n7_last", "change of R1 entropy", "n = 7, last"),
        ("chamfer_zscore: capsnet − cnn", "Chamfer, z-score", "CapsNet minus CNN"),
        ("linear_r2: capsnet − random_capsnet", "linear R² of shift", "CapsNet minus untrained"),
        ("drop_A1B: cnn − capsnet", "drop from base to A1B", "CNN minus CapsNet"),
        ("Spearman(entropy_at_tenth, exact_match): capsule_arms (one-sided p = 0.5)",
         "early entropy, final exact match", "correlation, all arms"),
    ],
)  # fmt: skip
def test_parts_read_as_words(label, measure, compared):
    part = claims()["C2"]["parts"][0] | {"label": label}
    assert describe_part(part, arm_words(fitting()))[:2] == (measure, compared)


@pytest.mark.parametrize(
    ("changed", "scale"),
    [
        ({}, 0.03),
        ({"expected": "below 0.05"}, 0.05),
        ({"low": None, "high": None}, 0.02),
        ({"label": "spearman_entropy_accuracy: n3"}, 1.0),
        ({"mean": 0.0, "low": 0.0, "high": 0.0}, 1.0),
    ],
)
def test_a_row_of_claims_reaches_to_its_farthest_number(changed, scale):
    assert row_scale(claims()["C2"]["parts"][0] | changed) == scale


def test_early_certainty_has_a_point_and_a_name_for_each_capsnet_arm():
    arms = [arm for arm in arms_of(fitting()) if arm.model == "capsnet"]
    axes = figures.figure_early_certainty(fitting_trials(), fitting()).axes[0]
    assert len(axes.containers) == len(arms) == 13
    shown = {text.get_text() for text in axes.texts}
    assert {"n = 1", "η by fitness", "n = 7, last"} < shown and "CNN" not in shown
    colours = [to_hex(container.lines[0].get_color()) for container in axes.containers]
    assert colours == [arm_look(arm).colour for arm in arms]


def test_early_certainty_shows_means_and_standard_deviations_of_the_trials():
    table = fitting_trials(trials=4).query("arm == 'n3'")
    axes = figures.figure_early_certainty(table, fitting(4, arms=("n3",))).axes[0]
    point, _, (across, up) = axes.containers[0].lines
    for values, middle, bar in (
        (table["entropy_at_tenth"], point.get_xdata()[0], across.get_segments()[0][:, 0]),
        (table["exact_match"], point.get_ydata()[0], up.get_segments()[0][:, 1]),
    ):
        assert middle == pytest.approx(values.mean())
        assert np.ptp(bar) == pytest.approx(2 * values.std())


def test_names_of_arms_do_not_overlap():
    figure = figures.figure_early_certainty(fitting_trials(), fitting())
    figure.draw_without_rendering()
    names = [Text.get_window_extent(text) for text in figure.axes[0].texts]
    assert not any(one.overlaps(other) for one, other in combinations(names, 2))


@pytest.mark.parametrize("arms", [("n3",), ("cnn",)])
def test_early_certainty_draws_one_trial_of_one_arm_or_of_none(arms):
    table = fitting_trials(trials=1).query("arm in @arms")
    figures.render(figures.figure_early_certainty(table, fitting(1, arms)), "png", 40)
