"""Figures of the causes: what they show of full, thin and empty tables."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from matplotlib.axis import Axis
from matplotlib.collections import FillBetweenPolyCollection
from matplotlib.figure import Figure
from matplotlib.text import Text

from capsnet_study.figures.causes import MISSING, all_arms, step_groups, unusual
from capsnet_study.figures.certainty import (
    MEASURES,
    certainty_arms,
    draw_fit,
    figure_early_certainty,
    fitted_arms,
    lowest_shown,
)
from capsnet_study.figures.clamp import figure_clamp
from capsnet_study.figures.exposure import figure_exposure
from capsnet_study.figures.interventions import figure_interventions
from capsnet_study.figures.labels import label_points
from capsnet_study.figures.mechanism_claims import figure_mechanism_claims
from capsnet_study.figures.other_routings import figure_other_routings
from capsnet_study.figures.paired import differences, last_values
from capsnet_study.figures.step_differences import MANY, figure_step_differences
from capsnet_study.figures.style import arm_look, render
from capsnet_study.figures.timing import figure_timing
from capsnet_study.figures.train_test import figure_train_test
from capsnet_study.names import arm_name
from capsnet_study.stats import t_interval
from capsnet_study.training.arms import capsule_arms
from tests.cause_tables import (
    ALL_ARMS,
    evaluations,
    exposure,
    interventions,
    mechanism_trials,
)
from tests.figures.figure_inputs import CAUSE_FIGURES, texts
from tests.tables import ARMS, claim_record, part_record

QUICK = {key: ALL_ARMS[key] for key in ("n1", "n3", "n9_late", "cnn")}


def of_arms(arms: dict, trials: int) -> dict[str, Figure]:
    """Every figure of a run that has these arms only, and tests with one number of iterations."""
    table = evaluations(arms, trials)
    keys = [key for key in arms if key in ("n1", "n3")]
    tested = interventions(keys, trials, (3,), ("r1",))
    return {
        "early_certainty": figure_early_certainty(mechanism_trials(arms, trials), table),
        "step_differences": figure_step_differences(table),
        "timing": figure_timing(table),
        "clamp": figure_clamp(table),
        "exposure": figure_exposure(exposure(keys, trials), table),
        "train_test": figure_train_test(tested, table),
        "interventions": figure_interventions(tested, table),
        "other_routings": figure_other_routings(table),
        "mechanism_claims": figure_mechanism_claims({}, table),
    }


def words_of_figure(figure: Figure) -> list[Text]:
    """Every text that is drawn."""
    figure.draw_without_rendering()
    panels = [axes for axes in figure.axes if axes.get_visible()]
    found = [text for legend in figure.legends for text in legend.findobj(Text)] + figure.texts
    found += [figure._supxlabel] if figure._supxlabel else []
    for axes in panels:
        found += [*axes.texts, axes._left_title]
        found += axes.get_legend().findobj(Text) if axes.get_legend() else []
        if axes.axison:
            found += [axes.xaxis.label, axes.yaxis.label]
            found += [label for axis in (axes.xaxis, axes.yaxis) for label in tick_labels(axis)]
    return [text for text in dict.fromkeys(found) if text.get_text().strip()]


def tick_labels(axis: Axis) -> list[Text]:
    """Those of a panel that are within its limits."""
    low, high = sorted(axis.get_view_interval())
    places = zip(axis.get_ticklabels(), axis.get_ticklocs(), strict=False)
    return [label for label, at in places if low <= at <= high and label.get_visible()]


@pytest.mark.parametrize("name", CAUSE_FIGURES)
def test_no_word_covers_another_or_leaves_the_page(name):
    figure = CAUSE_FIGURES[name]()
    found = [(text.get_text(), Text.get_window_extent(text)) for text in words_of_figure(figure)]
    for text, box in found:
        assert figure.bbox.x0 - 1 <= box.x0 and box.x1 <= figure.bbox.x1 + 1, text
        assert figure.bbox.y0 - 1 <= box.y0 and box.y1 <= figure.bbox.y1 + 1, text
    for (one, box), (other, its) in combinations(found, 2):
        assert not box.padded(-0.5).overlaps(its.padded(-0.5)), (one, other)


@pytest.mark.parametrize("arms", [QUICK, {"cnn": ALL_ARMS["cnn"]}, {"n9": ALL_ARMS["n9"]}, {}])
@pytest.mark.parametrize("trials", [1, 2])
def test_figures_draw_whatever_arms_there_are(arms, trials):
    for name, figure in of_arms(arms, trials).items():
        assert render(figure, "png", 40), name
        if not arms:
            assert any(MISSING in texts(axes) for axes in figure.axes) or name == "mechanism_claims"


def test_arms_are_chosen_by_what_they_are_and_not_by_name():
    table = evaluations()
    renamed = table.assign(arm="x" + table["arm"])
    for draw in (figure_step_differences, figure_clamp, figure_other_routings):
        assert render(draw(table), "png", 40) == render(draw(renamed), "png", 40)


def test_what_is_unusual_in_an_arm_leaves_out_its_number_of_iterations():
    assert unusual(ALL_ARMS["n9"]) == unusual(ALL_ARMS["cnn"]) == set()
    assert unusual(ALL_ARMS["n9_early"]) == {"routed_until", "n_iter_outside"}
    assert unusual(ALL_ARMS["n3_as_n9"]) == {"certainty_of"}
    assert unusual(ALL_ARMS["cnn_tuned"]) == {"lr"}


def test_differences_are_paired_by_trial_and_in_points():
    table = evaluations()
    found = differences(table, "n9", "n3")
    last = 100 * (last_values(table, "n9") - last_values(table, "n3"))
    np.testing.assert_allclose(found.iloc[-1], last)
    short = table[(table["arm"] != "n9") | (table["trial"] < 2)]
    assert list(differences(short, "n9", "n3")) == [0, 1]


def test_step_differences_have_a_line_for_each_arm_and_a_t_interval_where_they_are_few():
    table = evaluations()
    figure = figure_step_differences(table)
    for axes, arms in zip(figure.axes, step_groups(all_arms(table)).values(), strict=True):
        lines = {line.get_label(): line for line in axes.get_lines()}
        assert {arm_name(arm) for arm in arms.values()} <= set(lines)
        key, arm = next(iter(arms.items()))
        expected = t_interval(differences(table, key, "n3").iloc[-1].to_numpy())
        assert lines[arm_name(arm)].get_ydata()[-1] == pytest.approx(expected.mean)
        bands = [c for c in axes.collections if isinstance(c, FillBetweenPolyCollection)]
        assert len(bands) == (len(arms) if len(arms) <= MANY else 0)
        for band in bands[:1]:
            ends = band.get_paths()[0].vertices
            last = ends[ends[:, 0] == 3862][:, 1]
            assert (last.min(), last.max()) == pytest.approx((expected.low, expected.high))
        assert "n = 3" in texts(axes) and "5 trials" in texts(axes)
        assert ("interval" in texts(axes)) == bool(bands)


def test_arms_of_one_panel_of_step_differences_look_different():
    for arms in step_groups(all_arms(evaluations())).values():
        looks = [arm_look(arm) for arm in arms.values()]
        assert len({look.colour for look in looks}) == len(looks) >= 5
        assert len({look.marker for look in looks}) >= len(looks) - 1


def test_the_parabola_is_of_routed_full_gradient_arms_of_the_sweep():
    found = fitted_arms(mechanism_trials(), certainty_arms(evaluations()))
    routed = {key: arm for key, arm in capsule_arms(ARMS).items() if arm.n_iter > 1}
    expected = {key for key, arm in routed.items() if arm.gradient == "full"}
    assert found == expected and len(found) == 10


def test_the_line_is_the_parabola_of_its_points_and_a_peak_within_them_is_named():
    x = np.array([-5.0, -4.0, -3.0, -2.0, -1.0])
    for y, peaks in ((0.7 - 0.01 * (x + 2.5) ** 2, 1), (-((x + 9) ** 2), 0), (x**2 + 5 * x, 0)):
        axes = Figure().subplots()
        draw_fit(axes, pd.DataFrame({MEASURES[0]: x, MEASURES[1]: y}))
        line_x, line_y = axes.lines[0].get_data()
        assert line_y == pytest.approx(np.polyval(np.polyfit(x, y, 2), line_x))
        assert [len(axes.collections), len(axes.texts)] == [peaks, peaks]
        for peak in axes.collections:
            assert peak.get_segments()[0][1] == pytest.approx([-2.5, 0.7])


def test_early_certainty_names_each_arm_and_leaves_other_arms_hollow():
    figure = figure_early_certainty(mechanism_trials(), evaluations())
    axes, listed = figure.axes
    arms = certainty_arms(evaluations())
    arms = {key: arm for key, arm in arms.items() if key != "n1"}
    hollow = [bars.lines[0].get_markerfacecolor() == "white" for bars in axes.containers]
    fitted = fitted_arms(mechanism_trials(), arms)
    assert hollow == [key not in fitted for key in arms] and 0 < sum(hollow) < len(arms)
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == [arm_name(arm) for key, arm in arms.items() if key in fitted]
    others = [arm_name(arm) for key, arm in arms.items() if key not in fitted]
    numbered = [f"{place:>2}  {name}" for place, name in enumerate(others, start=1)]
    assert texts(listed).split("\n") == numbered
    names = [text.get_text() for text in axes.texts]
    assert {str(place) for place in range(1, len(others) + 1)} < set(names)
    assert any("vertex" in name for name in names) and any("uniform" in name for name in names)


def test_early_certainty_has_the_spread_of_both_axes_around_each_mean():
    trials, table = mechanism_trials(), evaluations()
    found = trials.dropna().groupby("arm")[MEASURES]
    keys = [key for key in certainty_arms(table) if key != "n1"]
    bars = figure_early_certainty(trials, table).axes[0].containers
    for key, (_, _, (across, upright)) in zip(keys, bars, strict=True):
        (x, y), (dx, dy) = found.mean().loc[key], found.std().loc[key]
        assert across.get_segments()[0][:, 0] == pytest.approx([x - dx, x + dx])
        assert upright.get_segments()[0][:, 1] == pytest.approx([y - dy, y + dy])


def test_an_arm_far_below_the_others_stands_at_the_end_of_the_axis_with_its_value():
    trials, table = mechanism_trials(), evaluations()
    trials.loc[trials["arm"] == "n3_sham", "exact_match"] = 0.314
    axes = figure_early_certainty(trials, table).axes[0]
    assert "↓ 31.4 %" in texts(axes)
    places = [bars.lines[0].get_ydata()[0] for bars in axes.containers]
    low, high = axes.get_ylim()
    assert 0.6 < low < min(places) < low + 0.06 * (high - low)


def test_a_number_stands_at_the_nearest_place_that_is_free():
    axes = Figure(dpi=72).subplots()
    axes.set(xlim=(0, 1), ylim=(0, 1))
    point = np.array([[0.5, 0.5]])
    x, y = axes.transData.transform(point)[0]
    label_points(axes, ["1"], point, np.empty((0, 4)))
    label_points(axes, ["2"], point, np.array([[x, y - 9, x + 99, y + 9]]))
    free, kept_off = (text.get_position() for text in axes.texts)
    assert free[0] > 5 and free[1] == pytest.approx(0)
    assert kept_off[0] < -5 and kept_off[1] == pytest.approx(0)


def test_long_comparisons_take_two_rows():
    keys = {
        "of": "n9_h0p85",
        "minus": "n3_h0p85",
        "over": "n9_h0p85_last",
        "minus_over": "n3_h0p85_last",
    }
    part = part_record(kind="difference_of_differences", **keys)
    claim = claim_record(part, kind="mechanism", p=0.01, p_holm=0.02)
    figure = figure_mechanism_claims({"X1": claim}, evaluations())
    found = [text.get_window_extent() for text in words_of_figure(figure)]
    assert not any(one.overlaps(other) for one, other in combinations(found, 2))


def test_tables_of_the_paper_alone_still_draw():
    table = evaluations(ARMS)
    for draw in (figure_step_differences, figure_timing, figure_clamp, figure_other_routings):
        assert render(draw(table), "png", 40)


def test_early_certainty_leaves_room_for_what_is_fitted():
    fitted = pd.Series([0.73, 0.75])
    assert lowest_shown(fitted, 0.71) == pytest.approx(0.71 - 0.15 * 0.04)
    assert lowest_shown(fitted, None) == pytest.approx(0.73 - 0.15 * 0.02)
    assert lowest_shown(fitted[:0], 0.71) == -np.inf
