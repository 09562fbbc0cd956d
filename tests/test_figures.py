"""Figures: what they show for full, thin and partial tables, and that their bytes repeat."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import FillBetweenPolyCollection, PathCollection
from matplotlib.colors import to_hex
from matplotlib.text import Text

from capsnet_study import figures
from capsnet_study.figures.arms import arms_of, eta_arms, n_iter_arms, over_trials
from capsnet_study.figures.entropy import uniform_entropy
from capsnet_study.figures.maps import offset_colours
from capsnet_study.figures.schemes import scheme_layers
from capsnet_study.figures.style import DOMAIN_COLOURS, MODEL_LOOKS, SMALL, arm_look
from tests.figure_inputs import (
    ARMS,
    FIGURES,
    STEPS,
    architectures,
    fitting,
    images,
    maps,
    offsets,
    schemes,
    texts,
)


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


@pytest.mark.parametrize("name", FIGURES)
def test_no_text_is_smaller_than_that_of_a_journal(name):
    shown = [text for text in FIGURES[name]().findobj(Text) if text.get_text().strip()]
    assert min(text.get_fontsize() for text in shown) >= SMALL == 6.5


@pytest.mark.parametrize("name", ["accuracy", "transfer"])
def test_svg_bytes_repeat_and_hold_no_date(name):
    first = figures.render(FIGURES[name](), "svg", 60)
    assert first == figures.render(FIGURES[name](), "svg", 60)
    assert b"<svg" in first and b"<dc:date>" not in first


def test_accuracy_has_a_line_and_a_band_for_each_arm_and_the_cnn():
    by_n_iter, _, _, by_eta, _, _ = figures.figure_accuracy(fitting()).axes
    assert list(labelled(by_n_iter)) == [f"n = {n}" for n in (1, 2, 3, 5, 7, 9)] + ["CNN"]
    assert list(labelled(by_eta)) == [
        "η = 0.01", "η = 0.1", "η = 0.5", "η = 1", "η by fitness", "CNN"
    ]  # fmt: skip
    assert len(bands(by_n_iter)) == 7 and len(bands(by_eta)) == 6
    for axes in (by_n_iter, by_eta):
        assert "steps" in axes.get_xlabel() and "exact match" in axes.get_ylabel()


@pytest.mark.parametrize("draw", [figures.figure_accuracy, figures.figure_controls])
def test_the_end_of_training_is_enlarged_on_one_scale_for_all_panels_beside_one_another(draw):
    panels = np.array(draw(fitting()).axes).reshape(2, 3)
    assert {axes.get_xscale() for axes in panels[:, :2].flat} == {"linear"}
    for whole, late, _ in panels:
        assert whole.get_xlim()[0] == 0 and late.get_xlim()[0] == pytest.approx(256 * 2 / 3)
    assert len({axes.get_ylim() for axes in panels[:, 0]}) == 1
    assert len({axes.get_ylim() for axes in panels[:, 1:].flat}) == 1
    assert panels[0, 2].get_ylim()[0] > panels[0, 0].get_ylim()[0] == 0


def test_the_last_step_shows_every_trial():
    end = figures.figure_accuracy(fitting(trials=4)).axes[2]
    low, high = end.get_ylim()
    trials = [item for item in end.collections if isinstance(item, PathCollection)]
    values = [y for item in trials for _, y in item.get_offsets()]
    assert len(values) == 7 * 4 and low < min(values) < max(values) < high


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
    by_n_iter, by_eta = labelled(accuracy.axes[0]), labelled(accuracy.axes[3])
    over_training = labelled(entropy.axes[0])
    assert over_training.pop("n = 7") == by_n_iter["n = 7"]
    assert over_training.items() <= by_eta.items()
    controls = figures.figure_controls(fitting())
    assert labelled(controls.axes[3])["CNN"] == by_n_iter["CNN"] == MODEL_LOOKS["cnn"].colour
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


def test_arms_of_other_iterations_are_named_with_them():
    arm = next(arm for arm in arms_of(fitting()) if arm.eta == 0.1)
    assert arm_look(arm).label == "η = 0.1"
    assert arm_look(arm._replace(n_iter=3)).label == "n = 3, η = 0.1"
    by_fitness = next(arm for arm in arms_of(fitting()) if arm.follows_fitness)
    assert arm_look(by_fitness._replace(n_iter=3)).label == "n = 3, η by fitness"


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


def test_the_band_template_of_dvc_plots_uses_its_anchors():
    path = Path(__file__).parents[1] / "plots" / "templates" / "band.json"
    template = json.loads(path.read_text())
    assert template["data"]["values"] == "<DVC_METRIC_DATA>"
    band, line = template["layer"]
    assert band["mark"]["type"] == "errorband" and band["mark"]["extent"] == "stdev"
    assert line["encoding"]["strokeDash"]["field"] == "rev"
    assert template["encoding"]["color"]["field"] == "arm"
