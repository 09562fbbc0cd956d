"""Figures: what they show for full, thin and partial tables, and that their bytes repeat."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import FillBetweenPolyCollection
from matplotlib.colors import to_hex

from capsnet_study import figures
from capsnet_study.figures.arms import arms_of, eta_arms, n_iter_arms, over_trials
from capsnet_study.figures.entropy import uniform_entropy
from capsnet_study.figures.maps import offset_colours
from capsnet_study.figures.schemes import scheme_layers, scheme_positions
from capsnet_study.figures.style import DOMAIN_COLOURS, MODEL_LOOKS, arm_look
from tests.figure_inputs import (
    ARMS,
    FIGURES,
    LABELS,
    MAIN_MODELS,
    STEPS,
    architectures,
    claims,
    fitting,
    images,
    manifold,
    maps,
    nulls,
    offsets,
    schemes,
    transfer,
)


def texts(axes) -> str:
    return " | ".join(text.get_text() for text in axes.texts)


def bands(axes) -> list:
    return [item for item in axes.collections if isinstance(item, FillBetweenPolyCollection)]


def labelled(axes) -> dict:
    """The colour of each curve in the legend of a panel."""
    return {line.get_label(): to_hex(line.get_color()) for line in axes.get_lines()
            if not line.get_label().startswith("_")}  # fmt: skip


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_gives_the_same_png_twice(name):
    figure = FIGURES[name]()
    first = figures.render(figure, "png", 60)
    assert first.startswith(b"\x89PNG")
    assert first == figures.render(figure, "png", 60) == figures.render(FIGURES[name](), "png", 60)


@pytest.mark.parametrize("name", ["accuracy", "transfer"])
def test_svg_bytes_repeat_and_hold_no_date(name):
    first = figures.render(FIGURES[name](), "svg", 60)
    assert first == figures.render(FIGURES[name](), "svg", 60)
    assert b"<svg" in first and b"<dc:date>" not in first


def test_accuracy_has_a_line_and_a_band_for_each_arm_and_the_cnn():
    by_n_iter, _, by_eta, _ = figures.figure_accuracy(fitting()).axes
    assert list(labelled(by_n_iter)) == [f"n = {n}" for n in (1, 2, 3, 5, 7, 9)] + ["CNN"]
    assert list(labelled(by_eta)) == [
        "η = 0.01", "η = 0.1", "η = 0.5", "η = 1", "η by fitness", "CNN"
    ]  # fmt: skip
    assert len(bands(by_n_iter)) == 7 and len(bands(by_eta)) == 6
    for axes in (by_n_iter, by_eta):
        assert "steps" in axes.get_xlabel() and "exact match" in axes.get_ylabel()


def test_bands_are_one_sample_standard_deviation_around_the_mean():
    table = fitting(trials=4, arms=("n3",))
    axes = figures.figure_accuracy(table).axes[0]
    trials = table.pivot(index="step", columns="trial", values="exact_match")
    np.testing.assert_allclose(axes.get_lines()[0].get_ydata(), trials.mean(axis=1))
    heights = bands(axes)[0].get_paths()[0].vertices[:, 1]
    assert heights.max() == pytest.approx((trials.mean(axis=1) + trials.std(axis=1)).max())


@pytest.mark.parametrize("trials", [2, 4])
def test_the_number_of_trials_shown_is_that_of_the_table(trials):
    table = fitting(trials)
    for draw in (figures.figure_accuracy, figures.figure_controls, figures.figure_entropy):
        assert f"mean ± 1 s.d., {trials} trials" in texts(draw(table).axes[0])


def test_unequal_numbers_of_trials_are_shown_as_a_range():
    table = pd.concat([fitting(2, arms=("n3",)), fitting(4, arms=("n5",))])
    assert "2–4 trials" in texts(figures.figure_accuracy(table).axes[0])


def test_one_trial_draws_lines_without_bands():
    table = fitting(trials=1)
    axes = figures.figure_accuracy(table).axes[0]
    assert len(labelled(axes)) == 7 and not bands(axes)
    assert "1 trial" in texts(axes) and "s.d." not in texts(axes)
    figures.render(figures.figure_entropy(table), "png", 40)


@pytest.mark.parametrize(
    "arms", [("cnn",), ("n3",), tuple(arm for arm in ARMS if arm != "n6_fitness"), ()]
)
def test_curves_draw_whatever_arms_there_are(arms):
    table = fitting(arms=arms) if arms else fitting(arms=("cnn",)).iloc[:0]
    for draw in (figures.figure_accuracy, figures.figure_entropy, figures.figure_controls):
        draw(table).draw_without_rendering()


def test_an_arm_with_an_initial_gain_of_its_own_is_in_no_figure():
    table = fitting()
    other = table[table["arm"] == "n3"].assign(arm="n3_gain2", init_gain=2.0)
    both = pd.concat([table, other], ignore_index=True)
    assert arms_of(both) == arms_of(table)
    assert figures.render(figures.figure_accuracy(both), "png", 40) == figures.render(
        figures.figure_accuracy(table), "png", 40
    )


def test_arms_are_chosen_by_what_they_are_and_not_by_name():
    table = fitting()
    renamed = table.assign(arm=table["arm"].map({name: f"x{i}" for i, name in enumerate(ARMS)}))
    for draw in (figures.figure_accuracy, figures.figure_controls):
        for before, after in zip(draw(table).axes, draw(renamed).axes, strict=True):
            assert labelled(before) == labelled(after)


def test_an_arm_has_one_colour_in_all_figures():
    accuracy, entropy = figures.figure_accuracy(fitting()), figures.figure_entropy(fitting())
    by_n_iter, by_eta = labelled(accuracy.axes[0]), labelled(accuracy.axes[2])
    over_training = labelled(entropy.axes[0])
    assert over_training.pop("n = 7") == by_n_iter["n = 7"]
    assert over_training.items() <= by_eta.items()
    controls = figures.figure_controls(fitting())
    assert labelled(controls.axes[2])["CNN"] == by_n_iter["CNN"] == MODEL_LOOKS["cnn"].colour
    assert by_n_iter["n = 3"] == MODEL_LOOKS["capsnet"].colour
    assert by_n_iter["n = 1"] == MODEL_LOOKS["uniform"].colour


def test_arms_of_one_panel_differ_in_colour_and_in_marker():
    arms = arms_of(fitting())
    for family in (n_iter_arms(arms), eta_arms(arms)):
        looks = [arm_look(arm) for arm in family]
        assert len({look.colour for look in looks}) == len({look.marker for look in looks}) > 4


def test_gradient_last_keeps_the_colour_and_changes_the_line():
    looks = {arm.name: arm_look(arm) for arm in arms_of(fitting())}
    assert looks["n7"].colour == looks["n7_last"].colour
    assert looks["n7"].line != looks["n7_last"].line


def test_missing_values_are_no_trials():
    table = fitting(trials=3, arms=("n3",))
    table.loc[table["trial"] == 2, "entropy_r1"] = np.nan
    assert (over_trials(table, arms_of(table)[0], "entropy_r1")["n"] == 2).all()


def test_entropy_shows_log_j_of_the_table():
    assert uniform_entropy(fitting()) == pytest.approx(np.log(10))
    assert uniform_entropy(fitting(arms=("cnn",))) is None
    over_training, against_accuracy = figures.figure_entropy(fitting()).axes
    assert "log J" in texts(over_training)
    assert "nats" in over_training.get_ylabel()
    assert "exact match" in against_accuracy.get_xlabel()


def test_grey_lines_join_the_arms_at_equal_steps():
    axes = figures.figure_entropy(fitting()).axes[1]
    joined = [line for line in axes.get_lines() if line.get_linewidth() == 0.5]
    assert len(joined) == len(STEPS)
    assert all(len(line.get_xdata()) == 6 for line in joined)


def test_architectures_name_sizes_routing_and_the_layers_studied():
    capsnet, cnn = architectures().axes[:2]
    assert all(word in texts(capsnet) for word in ("R1", "R2", "Cap1", "28 × 28 × 32", "400 × 8"))
    assert all(word in texts(cnn) for word in ("Linear1", "10 × 10 × 32", "160"))
    bold = [text.get_text() for text in capsnet.texts if text.get_weight() == "bold"]
    assert bold == ["R1", "Cap1", "R2"]


def test_shifts_show_nine_offsets_a_pair():
    stack = images(81)
    axes = figures.figure_shifts({"7-8": stack, "3-5": stack}, offsets()).axes
    assert len(axes) == 18
    assert axes[0].get_xlabel() == "(−4, −4)" and axes[5].get_xlabel() == "(0, +4)"
    np.testing.assert_array_equal(axes[4].get_images()[0].get_array(), stack[40])


def test_maps_draw_81_points_and_the_grid_between_them():
    figure = figures.figure_maps(maps(), ["7-8", "3-5"], ["capsnet", "cnn"])
    *panels, key = figure.axes
    assert [axes.get_title() for axes in panels[:2]] == ["CapsNet", "CNN"]
    for axes in panels:
        assert len(axes.collections[0].get_offsets()) == 81 and len(axes.get_lines()) == 18
    assert "px" in key.get_xlabel() and "px" in key.get_ylabel()


def test_every_offset_has_a_colour_of_its_own():
    colours = offset_colours(offsets())
    assert len(np.unique(colours.round(3), axis=0)) == 81
    assert colours.min() >= 0 and colours.max() <= 1


@pytest.mark.parametrize(
    ("scheme", "kept", "source"), [("A1B", 2, "A"), ("A2B", 3, "A"), ("B1B", 2, "B")]
)
def test_schemes_keep_the_convolutions_and_n_layers(scheme, kept, source):
    layers = scheme_layers(scheme)
    assert [not layer.hatch for layer in layers] == [True] * kept + [False] * (4 - kept)
    assert {layer.colour for layer in layers[:kept]} == {DOMAIN_COLOURS[source]}
    assert {layer.colour for layer in layers[kept:]} == {DOMAIN_COLOURS["B"]}


def test_schemes_show_all_45_pairs_once():
    split = schemes().axes[0]
    assert texts(split).count("A") == 22 and texts(split).count("B") == 23


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


def test_faithfulness_draws_one_value_a_model_and_no_nulls():
    table = manifold(trials=1).query("pair == '7-8' and model in ['capsnet', 'cnn']")
    figure = figures.figure_faithfulness(table, {})
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["CapsNet", "CNN"]
    figures.render(figure, "png", 40)


def test_claims_show_every_part_with_its_n_and_verdict():
    figure = figures.figure_claims(claims())
    titles = [axes.get_title(loc="right") for axes in figure.axes]
    assert all(any(label in title for title in titles) for label in LABELS)
    shown = [label.get_text() for axes in figure.axes for label in axes.get_yticklabels()]
    assert sorted(label[-5:] for label in shown) == ["(n 0)", "(n 5)", "(n 5)", "(n 5)"]


def test_the_band_template_of_dvc_plots_uses_its_anchors():
    path = Path(__file__).parents[1] / "plots" / "templates" / "band.json"
    template = json.loads(path.read_text())
    assert template["data"]["values"] == "<DVC_METRIC_DATA>"
    band, line = template["layer"]
    assert band["mark"]["type"] == "errorband" and band["mark"]["extent"] == "stdev"
    assert line["encoding"]["strokeDash"]["field"] == "rev"
    assert template["encoding"]["color"]["field"] == "arm"
