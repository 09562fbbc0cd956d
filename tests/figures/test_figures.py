"""Figures: what they show for full, thin and partial tables, and that their bytes repeat."""

import json
from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import FillBetweenPolyCollection
from matplotlib.colors import to_hex, to_rgb
from matplotlib.text import Text

from capsnet_study.figures.arms import over_trials, shown_arms
from capsnet_study.figures.causes import MISSING
from capsnet_study.figures.curves import figure_accuracy, figure_controls
from capsnet_study.figures.entropy import figure_entropy, steps_to_join, uniform_entropy
from capsnet_study.figures.maps import figure_maps, figure_shifts, offset_colours
from capsnet_study.figures.schemes import scheme_layers
from capsnet_study.figures.style import DOMAIN_COLOURS, MODEL_LOOKS, SMALL, arm_look, render
from capsnet_study.names import SCHEMES, arm_name
from capsnet_study.training.arms import CNNArm, eta_arms, in_order, n_iter_arms, without_own_gain
from tests.figures.figure_inputs import FIGURES, architectures, images, schemes, texts
from tests.project import text_of
from tests.tables import ARMS, STEPS, fitting, manifold, maps, offsets, some_arms

SHOWN = in_order(without_own_gain(ARMS))
BY_N_ITER = [*n_iter_arms(SHOWN).values(), CNNArm("cnn")]
BY_ETA = [*eta_arms(SHOWN).values(), CNNArm("cnn")]


def bands(axes) -> list:
    return [item for item in axes.collections if isinstance(item, FillBetweenPolyCollection)]


def labelled(axes) -> dict:
    """The colour of each curve in the legend of a panel."""
    return {line.get_label(): to_hex(line.get_color()) for line in axes.get_lines()
            if not line.get_label().startswith("_")}  # fmt: skip


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_gives_the_same_png_twice(name):
    figure = FIGURES[name]()
    first = render(figure, "png", 60)
    assert first.startswith(b"\x89PNG")
    assert first == render(figure, "png", 60) == render(FIGURES[name](), "png", 60)


@pytest.mark.parametrize("name", FIGURES)
def test_no_text_is_smaller_than_that_of_a_journal(name):
    shown = [text for text in FIGURES[name]().findobj(Text) if text.get_text().strip()]
    assert min(text.get_fontsize() for text in shown) >= SMALL == 6.5


@pytest.mark.parametrize("name", ["accuracy", "transfer"])
def test_svg_bytes_repeat_and_hold_no_date(name):
    first = render(FIGURES[name](), "svg", 60)
    assert first == render(FIGURES[name](), "svg", 60)
    assert b"<svg" in first and b"<dc:date>" not in first


def test_accuracy_has_a_line_and_a_band_for_each_arm_and_the_cnn():
    by_n_iter, _, _, by_eta, _, _ = figure_accuracy(fitting()).axes
    for axes, arms in ((by_n_iter, BY_N_ITER), (by_eta, BY_ETA)):
        assert labelled(axes) == {arm_name(arm): arm_look(arm).colour for arm in arms}
        assert len(bands(axes)) == len(arms)
        assert "steps" in axes.get_xlabel() and "exact match" in axes.get_ylabel()


def test_controls_are_both_gradients_and_what_does_not_route():
    gradients, _, _, controls, _, _ = figure_controls(fitting()).axes
    both = ("n3", "n3_last", "n7", "n7_last")
    assert list(labelled(gradients)) == [arm_name(ARMS[key]) for key in both]
    assert list(labelled(controls)) == [
        arm_name(ARMS[key]) for key in ("n1", "n3", "cnn", "cnn160")
    ]


@pytest.mark.parametrize("draw", [figure_accuracy, figure_controls])
def test_the_end_of_training_is_enlarged_and_curves_above_one_another_have_one_scale(draw):
    panels = np.array(draw(fitting()).axes).reshape(2, 3)
    assert {axes.get_xscale() for axes in panels[:, :2].flat} == {"linear"}
    for whole, late, _ in panels:
        assert whole.get_xlim()[0] == 0 and late.get_xlim()[0] == pytest.approx(256 * 2 / 3)
    for column in panels[:, :2].T:
        assert len({axes.get_ylim() for axes in column}) == 1
    assert panels[0, 1].get_ylim()[0] > panels[0, 0].get_ylim()[0] == 0


def test_without_n_3_the_last_step_has_nothing_to_compare_to():
    axes = figure_accuracy(fitting(some_arms("n5", "cnn"))).axes[2]
    assert MISSING in texts(axes) and not axes.collections


def test_bands_are_one_sample_standard_deviation_around_the_mean():
    table = fitting(some_arms("n3"), trials=4)
    axes = figure_accuracy(table).axes[0]
    trials = table.pivot(index="step", columns="trial", values="exact_match")
    np.testing.assert_allclose(axes.get_lines()[0].get_ydata(), trials.mean(axis=1))
    heights = bands(axes)[0].get_paths()[0].vertices[:, 1]
    assert heights.max() == pytest.approx((trials.mean(axis=1) + trials.std(axis=1)).max())


@pytest.mark.parametrize("trials", [2, 4])
def test_the_number_of_trials_shown_is_that_of_the_table(trials):
    table = fitting(trials=trials)
    for draw in (figure_accuracy, figure_controls, figure_entropy):
        assert f"mean ± 1 s.d., {trials} trials" in texts(draw(table).axes[0])


def test_unequal_numbers_of_trials_are_shown_as_a_range():
    table = pd.concat([fitting(some_arms("n3"), 2), fitting(some_arms("n5"), 4)])
    assert "2–4 trials" in texts(figure_accuracy(table).axes[0])


def test_one_trial_draws_lines_without_bands():
    table = fitting(trials=1)
    axes = figure_accuracy(table).axes[0]
    assert len(labelled(axes)) == len(BY_N_ITER) and not bands(axes)
    assert "1 trial" in texts(axes) and "s.d." not in texts(axes)
    render(figure_entropy(table), "png", 40)


@pytest.mark.parametrize("keys", [("cnn",), ("n3",), [*ARMS.keys() - {"n6_fitness"}], ()])
def test_curves_draw_whatever_arms_there_are(keys):
    table = fitting(some_arms(*keys)) if keys else fitting().iloc[:0]
    for draw in (figure_accuracy, figure_entropy, figure_controls):
        draw(table).draw_without_rendering()


def test_an_arm_with_an_initial_gain_of_its_own_is_in_no_figure():
    assert list(shown_arms(fitting())) == list(SHOWN) and len(SHOWN) < len(ARMS)
    for draw in (figure_accuracy, figure_controls):
        figures = [draw(fitting(arms)) for arms in (SHOWN, SHOWN | ARMS)]
        assert len({render(figure, "png", 40) for figure in figures}) == 1


def test_arms_are_chosen_by_what_they_are_and_not_by_name():
    table = fitting()
    others = dict(zip(ARMS, (f"x{place}" for place in range(len(ARMS))), strict=True))
    renamed = table.assign(arm=table["arm"].map(others))
    for draw in (figure_accuracy, figure_controls):
        for before, after in zip(draw(table).axes, draw(renamed).axes, strict=True):
            assert labelled(before) == labelled(after)


def test_an_arm_has_one_colour_in_all_figures():
    drawn = [labelled(axes) for draw in (figure_accuracy, figure_entropy, figure_controls)
             for axes in draw(fitting()).axes]  # fmt: skip
    looks = {arm_name(arm): arm_look(arm).colour for arm in SHOWN.values()}
    assert all(panel.items() <= looks.items() for panel in drawn)
    assert set().union(*drawn) == looks.keys()
    main = {"capsnet": ARMS["n3"], "uniform": ARMS["n1"], "cnn": ARMS["cnn"]}
    assert all(MODEL_LOOKS[model].colour == arm_look(arm).colour for model, arm in main.items())


def test_arms_of_one_panel_differ_in_colour_and_in_marker():
    for family in (BY_N_ITER, BY_ETA):
        looks = [arm_look(arm) for arm in family]
        assert len({look.colour for look in looks}) == len(family)
        assert len({look.marker for look in looks}) == len(family)


def test_gradient_last_keeps_the_colour_and_changes_the_line():
    full, last = arm_look(ARMS["n7"]), arm_look(ARMS["n7_last"])
    assert full.colour == last.colour and full.line != last.line


def test_an_arm_without_a_colour_of_its_own_gets_one_between_its_neighbours():
    between = [arm_look(replace(ARMS["n3"], n_iter=n)).colour for n in (3, 4, 5)]
    low, middle, high = np.array([to_rgb(colour) for colour in between])
    np.testing.assert_allclose(middle, (low + high) / 2, atol=1 / 255)


def test_missing_values_are_no_trials():
    table = fitting(some_arms("n3"))
    table.loc[table["trial"] == 2, "entropy_r1"] = np.nan
    assert (over_trials(table, "n3", "entropy_r1")["n"] == 2).all()


def test_entropy_shows_log_j_of_the_table():
    assert uniform_entropy(fitting()) == pytest.approx(np.log(10))
    assert uniform_entropy(fitting(some_arms("cnn"))) is None
    over_training, against_accuracy = figure_entropy(fitting()).axes[:2]
    assert "log J" in texts(over_training)
    assert "nats" in over_training.get_ylabel() and over_training.get_xscale() == "symlog"
    assert "exact match" in against_accuracy.get_xlabel()


def test_entropy_shows_all_numbers_of_iterations_and_all_rates():
    by_n_iter, _, by_eta, _ = figure_entropy(fitting()).axes
    arms = n_iter_arms(SHOWN)
    assert list(labelled(by_n_iter)) == [arm_name(arm) for arm in arms.values()]
    rates = [arm_name(arm) for arm in (*eta_arms(SHOWN).values(), arms["n7"])]
    assert list(labelled(by_eta)) == rates


def test_grey_lines_join_the_arms_at_equal_steps_and_name_them():
    axes = figure_entropy(fitting()).axes[1]
    joined = [line for line in axes.get_lines() if line.get_linewidth() == 0.5]
    assert len(joined) == len(STEPS)
    assert all(len(line.get_xdata()) == len(n_iter_arms(SHOWN)) for line in joined)
    assert [text.get_text() for text in axes.texts if text.get_text().isdigit()] == [
        str(step) for step in STEPS
    ]


def test_steps_that_lie_too_close_are_not_joined():
    steps = pd.Index([0, 10, 20, 30, 40], name="step")
    path = pd.DataFrame({"x": [0.0, 0.5, 0.55, 0.52, 1.0], "y": 1.0}, steps)
    assert steps_to_join([path, path]) == [0, 10, 40]


def test_arrows_go_with_training():
    axes = figure_entropy(fitting(some_arms("n3"))).axes[1]
    arrows = [text for text in axes.texts if getattr(text, "arrow_patch", None)]
    assert len(arrows) == 2
    assert all(arrow.xy[0] > arrow.xyann[0] for arrow in arrows)


def test_architectures_name_sizes_routing_and_the_layers_studied():
    capsnet, cnn = architectures().axes[:2]
    assert all(
        word in texts(capsnet)
        for word in ("R1", "R2", "Cap1", "28 × 28 × 32", "400 capsules\n× 8 dim.")
    )
    assert all(word in texts(cnn) for word in ("Linear1", "10 × 10 × 32", "160"))
    bold = [text.get_text() for text in capsnet.texts if text.get_weight() == "bold"]
    assert bold == ["R1", "Cap1", "R2"]


def test_shifts_show_nine_offsets_a_pair():
    stack = images(81)
    axes = figure_shifts({"7-8": stack, "3-5": stack}, offsets()).axes
    assert len(axes) == 18
    assert axes[0].get_xlabel() == "(−4, −4)" and axes[5].get_xlabel() == "(0, +4)"
    np.testing.assert_array_equal(axes[4].get_images()[0].get_array(), stack[40])


def test_maps_draw_81_points_and_the_grid_between_them():
    figure = figure_maps(maps(), manifold(pairs=["3-5", "7-8"]), ["7-8", "3-5"], ["capsnet", "cnn"])
    *panels, key = figure.axes
    assert [axes.get_title() for axes in panels[:2]] == ["CapsNet", "CNN"]
    for axes in panels:
        assert [len(item.get_offsets()) for item in axes.collections] == [81, 81]
        assert len(axes.get_lines()) == 18
    assert "px" in key.get_xlabel() and "px" in key.get_ylabel()


def test_every_offset_has_a_colour_of_its_own():
    colours = offset_colours(offsets())
    assert len(np.unique(colours.round(3), axis=0)) == 81
    assert colours.min() >= 0 and colours.max() <= 1


def test_the_key_of_maps_has_rows_downwards_and_columns_to_the_right():
    key = figure_maps(maps(), manifold(pairs=["3-5", "7-8"]), ["7-8"], ["capsnet"]).axes[-1]
    square = key.get_images()[0].get_array()
    np.testing.assert_allclose(square.reshape(81, 3), offset_colours(offsets()))
    assert key.get_images()[0].get_extent() == [-4.5, 4.5, 4.5, -4.5]


@pytest.mark.parametrize(
    ("scheme", "kept", "source"), [("A1B", 2, "A"), ("A2B", 3, "A"), ("B1B", 2, "B")]
)
def test_schemes_keep_the_convolutions_and_n_layers(scheme, kept, source):
    layers = scheme_layers(scheme)
    assert [not layer.hatch for layer in layers] == [True] * kept + [False] * (4 - kept)
    assert {layer.colour for layer in layers[:kept]} == {DOMAIN_COLOURS[source]}
    assert {layer.colour for layer in layers[kept:]} == {DOMAIN_COLOURS["B"]}


def test_both_bases_are_trained_on_the_target_alone():
    base, long = scheme_layers("base"), scheme_layers("base_long")
    assert base == long and {layer.colour for layer in base} == {DOMAIN_COLOURS["B"]}
    assert not any(layer.hatch for layer in base)


def test_random_layers_have_the_colour_of_neither_domain():
    random, *_, new = scheme_layers("R2B")
    assert random.colour not in DOMAIN_COLOURS.values() and new.colour == DOMAIN_COLOURS["B"]


def test_no_name_of_a_scheme_covers_another():
    figure = schemes()
    figure.draw_without_rendering()
    names = [text for text in figure.axes[1].texts if text.get_position()[1] == -0.5]
    boxes = [name.get_window_extent() for name in names]
    assert len(boxes) == len(SCHEMES)
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))


def test_schemes_show_all_45_pairs_once():
    split = schemes().axes[0]
    assert texts(split).count("A") == 22 and texts(split).count("B") == 23
    places = {tuple(map(int, text.get_position())): text.get_text() for text in split.texts}
    pairs = list(combinations(range(10), 2))  # lower digits across, higher ones down
    assert places == dict.fromkeys(pairs[:22], "A") | dict.fromkeys(pairs[22:], "B")
    assert (split.get_xlabel(), split.get_ylabel()) == ("lower digit", "higher digit")


def test_the_band_template_of_dvc_plots_uses_its_anchors():
    template = json.loads(text_of("plots/templates/band.json"))
    assert template["data"]["values"] == "<DVC_METRIC_DATA>"
    band, line = template["layer"]
    assert band["mark"]["type"] == "errorband" and band["mark"]["extent"] == "stdev"
    assert line["encoding"]["strokeDash"]["field"] == "rev"
    assert template["encoding"]["color"]["field"] == "arm"
