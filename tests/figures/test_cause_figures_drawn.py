"""What figures of the causes draw is what the tables hold: values read back from them."""

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection

from capsnet_study.claims.words import p_value, words_of
from capsnet_study.figures.causes import MISSING, routing_kind
from capsnet_study.figures.clamp import figure_clamp
from capsnet_study.figures.exposure import figure_exposure
from capsnet_study.figures.interventions import figure_interventions, loss_rows
from capsnet_study.figures.mechanism_claims import figure_mechanism_claims
from capsnet_study.figures.other_routings import figure_other_routings, ranked_arms
from capsnet_study.figures.paired import differences, last_values
from capsnet_study.figures.parts import describe_part
from capsnet_study.figures.style import arm_look
from capsnet_study.figures.timing import figure_timing
from capsnet_study.figures.train_test import figure_train_test, matrix_rows
from capsnet_study.names import CHANGED_LAYERS, arm_name
from capsnet_study.stats import t_interval
from capsnet_study.training.arms import CapsNetArm
from tests.cause_tables import (
    ALL_ARMS,
    CAPSULES,
    CAUSE_STEPS,
    N_TEST,
    TEMPERATURES,
    evaluations,
    exposure,
    interventions,
    mechanism_claims,
)
from tests.figures.figure_inputs import texts


def markers(axes: Axes) -> list[tuple[float, float]]:
    lines = [line for line in axes.get_lines() if len(line.get_xdata()) == 1]
    return [(float(line.get_xdata()[0]), float(line.get_ydata()[0])) for line in lines]


def single_values(axes: Axes) -> np.ndarray:
    """Where the small dots of single trials stand."""
    dots = [item for item in axes.collections if isinstance(item, PathCollection)]
    return np.concatenate([item.get_offsets() for item in dots])


def test_the_matrix_holds_means_and_what_other_numbers_gain():
    table = interventions()
    cells = matrix_rows(table, evaluations()).set_index(["layer", "train", "test"])
    rows = table[(table["arm"] == "n9") & (table["layer"] == "r1")]
    tested = rows[(rows["change"] == "n_test") & (rows["value"] == 3)]
    none = table[(table["arm"] == "n9") & (table["change"] == "none")]
    cell = cells.loc[("r1", 9, 3)]
    assert cell["exact_match"] == pytest.approx(tested["exact_match"].mean())
    gained = 100 * (tested["exact_match"].mean() - none["exact_match"].mean())
    assert cell["change"] == pytest.approx(gained) and cell["n"] == 5
    own = cells[cells.index.get_level_values("train") == cells.index.get_level_values("test")]
    np.testing.assert_allclose(own["change"], 0, atol=1e-9)


def test_the_matrix_has_three_panels_with_numbers_in_percent():
    panels = figure_train_test(interventions(), evaluations()).axes[:3]
    for axes in panels:
        tested, trained = axes.get_xticklabels(), axes.get_yticklabels()
        assert [label.get_text() for label in tested] == [str(n) for n in sorted({*N_TEST, 6})]
        assert len(axes.texts) == len(trained) * len(N_TEST) + 1  # n = 6 is tested as trained
    some = figure_train_test(interventions(n_test=(3,), layers=("both",)), evaluations()).axes
    assert MISSING not in texts(some[0])


def test_each_cell_of_the_matrix_stands_at_its_two_numbers_of_iterations():
    table = interventions()
    cells = matrix_rows(table, evaluations())
    panels = figure_train_test(table, evaluations()).axes
    for axes, layer in zip(panels, ("both", "r1", "r2"), strict=False):
        labels = axes.get_xticklabels(), axes.get_yticklabels()
        tested, trained = ([int(label.get_text()) for label in axis] for axis in labels)
        written = {text.get_position(): text.get_text() for text in axes.texts}
        gains = axes.get_images()[0].get_array()
        for cell in cells[cells["layer"] == layer].itertuples():
            column, row = tested.index(cell.test), trained.index(cell.train)
            assert written[column, row] == f"{100 * cell.exact_match:.1f}"
            assert gains[row, column] == pytest.approx(cell.change)


def test_interventions_show_every_trial_and_the_loss():
    table = interventions()
    axes = figure_interventions(table, evaluations()).axes
    rows = loss_rows(table)
    assert set(rows["name"]) == {label.get_text() for label in axes[0].get_yticklabels()}
    assert len(set(rows["name"])) == 4 + len(TEMPERATURES)
    np.testing.assert_allclose(
        sorted(single_values(axes[0])[:, 0]), sorted(rows.loc[rows["arm"] == "n3", "loss"])
    )
    titles = [panel.get_title(loc="left") for panel in axes]
    assert "n = 3" in titles[0] and "n = 9" in titles[1]


def test_a_loss_stands_in_the_row_of_its_change_with_the_marker_of_its_layer():
    table = interventions()
    figure = figure_interventions(table, evaluations())
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    (legend,) = figure.legends
    layers = {handle.get_marker(): handle.get_label() for handle in legend.legend_handles}
    assert len(layers) == 3
    for axes, arm in zip(figure.axes, ("n3", "n9"), strict=True):
        rows = loss_rows(table[table["arm"] == arm])
        means = rows.groupby(["name", rows["layer"].map(CHANGED_LAYERS)])["loss"].mean()
        drawn = {
            (names[round(line.get_ydata()[0])], layers[line.get_marker()]): line.get_xdata()[0]
            for line in axes.get_lines()
            if len(line.get_xdata()) == 1
        }
        assert drawn == pytest.approx(means.to_dict())


def test_interventions_show_the_first_arms_where_the_usual_ones_are_missing():
    axes = figure_interventions(interventions(("n5", "n7", "n2")), evaluations()).axes
    assert [panel.get_title(loc="left")[-5:] for panel in axes] == ["n = 2", "n = 5"]


def test_clamped_arms_stand_at_their_targets_and_others_at_their_own_certainty():
    table = evaluations()
    axes = figure_clamp(table).axes[1]
    lines = {line.get_label(): line for line in axes.get_lines()}
    np.testing.assert_allclose(lines["held, full gradient"].get_xdata(), [0.7, 0.85, 0.95, 0.99])
    np.testing.assert_allclose(lines["held, last gradient"].get_xdata(), [0.85, 0.95])
    own = lines["n = 9, not held"]
    assert own.get_xdata()[0] == pytest.approx(last_values(table, "n9", "entropy_share_r1").mean())
    assert own.get_ydata()[0] == pytest.approx(last_values(table, "n9").mean())
    assert arm_name(ALL_ARMS["n9_as_n3"]) in lines


def test_clamped_arms_have_their_final_means_and_t_intervals():
    table = evaluations()
    axes = figure_clamp(table).axes[1]
    targets = {0.7: "n9_h0p7", 0.85: "n9_h0p85", 0.95: "n9_h0p95", 0.99: "n9_h0p99"}
    found = [t_interval(last_values(table, key).to_numpy()) for key in targets.values()]
    (held,) = [line for line in axes.get_lines() if line.get_label() == "held, full gradient"]
    np.testing.assert_allclose(held.get_ydata(), [one.mean for one in found])
    bars = [item.get_segments()[0] for item in axes.collections][: len(found)]
    np.testing.assert_allclose([bar[:, 0] for bar in bars], [[x, x] for x in targets])
    np.testing.assert_allclose([bar[:, 1] for bar in bars], [[one.low, one.high] for one in found])


def test_timing_marks_the_switch_and_pairs_final_differences():
    table = evaluations()
    curves, ends = figure_timing(table).axes
    assert "25 %" in texts(curves)
    names = [label.get_text().replace("\n", " ") for label in ends.get_yticklabels()]
    switching = ("n9", "n3_late", "n9_early", "n9_late", "n9_late3")
    assert names == [arm_name(ALL_ARMS[key]) for key in switching]
    assert len({arm_look(ALL_ARMS[key]).colour for key in switching}) == 5
    marks = [line.get_xdata() for line in curves.get_lines() if line.get_linestyle() == ":"]
    assert marks == [pytest.approx([0.25 * CAUSE_STEPS[-1]] * 2)]
    expected = [differences(table, key, "n3").iloc[-1].mean() for key in switching]
    np.testing.assert_allclose([x for x, _ in markers(ends)], expected)
    assert [row for _, row in markers(ends)] == [*range(5)]


def test_one_arm_that_collapses_leaves_room_for_the_others():
    table = evaluations()
    assert figure_timing(table).axes[1].get_xscale() == "linear"
    table.loc[table["arm"] == "n9_late", "exact_match"] = 0.05
    ends = figure_timing(table).axes[1]
    assert ends.get_xscale() == "symlog" and "logarithmic beyond ±5" in ends.get_xlabel()
    low, high = ends.get_xlim()
    assert all(low < x < high for x, _ in markers(ends))


def test_exposure_shows_some_numbers_of_iterations_and_names_j():
    axes = figure_exposure(exposure(), evaluations()).axes
    labels = [line.get_label() for line in axes[0].get_lines() if "n =" in line.get_label()]
    assert labels == [f"n = {n}" for n in (1, 3, 5, 7, 9)]
    assert f"J = {CAPSULES}" in texts(axes[0])


def test_exposure_is_by_gradient_and_by_mass_below_the_number_of_capsules():
    table = exposure()
    means = table[table["arm"] == "n9"].groupby("step")[["effective_gradient", "effective_mass"]]
    for axes, (_, expected) in zip(
        figure_exposure(table, evaluations()).axes, means.mean().items(), strict=True
    ):
        (curve,) = [line for line in axes.get_lines() if line.get_label() == "n = 9"]
        np.testing.assert_allclose(curve.get_ydata(), expected)
        (level,) = [line for line in axes.get_lines() if line.get_linestyle() == ":"]
        assert [*level.get_ydata()] == [CAPSULES] * 2


def test_other_routings_are_sorted_with_all_their_trials():
    table = evaluations()
    match, entropy = figure_other_routings(table).axes
    kinds = ranked_arms(table)
    shown = {"kmeans", "n3_sham", "n3_r1", "n3_tau2", "n3_tuned", "n1", "n3", "n9", "cnn"}
    assert shown <= kinds.keys()
    found = [x for x, _ in markers(match)]
    assert found == sorted(found, reverse=True) and len(found) == len(kinds)
    assert len(single_values(match)) == 5 * len(kinds)
    assert len(markers(entropy)) == sum(isinstance(ALL_ARMS[key], CapsNetArm) for key in kinds)
    assert {routing_kind(ALL_ARMS[key]) for key in ("n5", "n9_late", "cnn160")} == {None}


def test_other_routings_have_their_names_beside_them_and_the_marker_of_their_kind():
    table = evaluations()
    figure = figure_other_routings(table)
    arms = {arm_name(ALL_ARMS[key]): key for key in ranked_arms(table)}
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    (legend,) = figure.legends
    kinds = {handle.get_marker(): handle.get_label() for handle in legend.legend_handles}
    assert len(kinds) == len({handle.get_color() for handle in legend.legend_handles}) == 7
    for axes, column in zip(figure.axes, ("exact_match", "entropy_share_r1"), strict=True):
        for line in (line for line in axes.get_lines() if len(line.get_xdata()) == 1):
            key = arms[names[int(line.get_ydata()[0])]]
            assert line.get_xdata()[0] == pytest.approx(last_values(table, key, column).mean())
            assert kinds[line.get_marker()] == routing_kind(ALL_ARMS[key])


def test_mechanism_claims_have_verdicts_and_both_p_values():
    axes = figure_mechanism_claims(mechanism_claims(), evaluations()).axes[0]
    drawn = texts(axes)
    assert "p = .21, Holm p = .84" in drawn and "p < .01" in drawn
    assert all(claim.title in drawn for claim in mechanism_claims().values())
    assert all(claim.verdict in drawn for claim in mechanism_claims().values())


def test_every_part_of_a_mechanism_claim_has_its_own_p_in_its_row():
    (words, _) = figure_mechanism_claims(mechanism_claims(), evaluations()).axes
    rows: dict[float, list[str]] = {}
    for text in words.texts:
        rows.setdefault(text.get_position()[1], []).append(text.get_text())
    expected = [
        (describe_part(part, words_of(ALL_ARMS)).value, p_value(part.p))
        for claim in mechanism_claims().values()
        for part in claim.parts
        if part.mean is not None
    ]
    _, *found = [(row[2], row[4]) for row in rows.values() if len(row) == 5]  # below the head
    assert found == expected
