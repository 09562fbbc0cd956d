"""Charts of the causes: that they hold what the figures show, with shapes as well as colours."""

import numpy as np
import pandas as pd
import pytest

from capsnet_study.explorer.cause_charts import (
    clamp_chart,
    differences_chart,
    exposure_chart,
    interventions_chart,
    matrix_chart,
    points_lost,
)
from capsnet_study.explorer.cause_points import (
    clamp_rows,
    difference_rows,
    exposure_rows,
    intervention_rows,
    matrix_cells,
)
from capsnet_study.explorer.exhibits import Exhibit
from capsnet_study.explorer.page import render_page
from capsnet_study.figures.causes import all_arms, step_groups
from capsnet_study.figures.clamp import figure_clamp
from capsnet_study.figures.paired import differences, last_values
from capsnet_study.figures.style import arm_look
from capsnet_study.names import CHANGED_LAYERS, CHANGES, arm_name
from capsnet_study.stats import t_interval
from tests.cause_tables import ALL_ARMS, CAUSE_STEPS, evaluations, exposure, interventions
from tests.tables import some_arms


def charts(table: pd.DataFrame, tested: pd.DataFrame, exposed: pd.DataFrame) -> dict:
    return {
        "differences": differences_chart(table),
        "matrix": matrix_chart(tested, table),
        "interventions": interventions_chart(tested, table),
        "clamp": clamp_chart(table),
        "exposure": exposure_chart(exposed, table),
    }


def encodings(chart) -> dict:
    """The scales of a chart by channel, those of all its layers."""
    layers = chart.to_dict()["layer"]
    found = {}
    for layer in layers:
        for channel, value in layer.get("encoding", {}).items():
            if isinstance(value, dict) and "scale" in value:
                found[channel] = value["scale"]
    return found


def test_differences_are_those_of_the_figure_with_their_intervals():
    table = evaluations()
    rows = pd.DataFrame(difference_rows(table))
    groups = step_groups(all_arms(table))
    assert list(rows["group"].unique()) == list(groups)
    found = rows[rows["arm"] == "n = 9"]
    assert found["step"].tolist() == list(CAUSE_STEPS)
    last = t_interval(differences(table, "n9", "n3").iloc[-1].to_numpy())
    assert tuple(found.iloc[-1][["low", "mean", "high"]]) == pytest.approx(
        (last.low, last.mean, last.high), abs=1e-3
    )
    assert "(5 trials)" in found.iloc[-1]["words"] and "points" in found.iloc[-1]["words"]


def test_one_trial_has_no_interval():
    row = difference_rows(evaluations(trials=1))[-1]
    assert row["low"] == row["mean"] == row["high"] and row["words"].endswith("(one trial)")


def test_arms_have_the_colours_of_the_figures_and_lines_of_their_own_shape():
    table = evaluations()
    found = encodings(differences_chart(table))
    arms = [arm for group in step_groups(all_arms(table)).values() for arm in group.values()]
    assert found["color"]["domain"] == [arm_name(arm) for arm in arms]
    assert found["color"]["range"] == [arm_look(arm).colour for arm in arms]
    assert found["strokeDash"]["domain"] == found["color"]["domain"]
    for group in step_groups(all_arms(table)).values():
        lines = dict(zip(*found["strokeDash"].values(), strict=True))
        assert len({tuple(lines[arm_name(arm)]) for arm in group.values()}) == len(group)


def test_cells_of_the_matrix_are_percent_and_points():
    cells = pd.DataFrame(matrix_cells(interventions(), evaluations()))
    assert set(cells["layer"]) == {"both layers", "R1", "R2"}
    own = cells[cells["train"] == cells["test"]]
    assert (own["change"] == 0).all() and own["percent"].between(60, 75).all()


def test_a_cell_of_the_matrix_is_of_its_layer_and_its_two_numbers_of_iterations():
    table = interventions()
    cells = pd.DataFrame(matrix_cells(table, evaluations())).set_index(["layer", "train", "test"])
    own = table[(table["arm"] == "n9") & (table["change"] == "none")]["exact_match"].mean()
    for layer in ("r1", "r2", "both"):
        rows = table[(table["arm"] == "n9") & (table["layer"] == layer)]
        match = rows[(rows["change"] == "n_test") & (rows["value"] == 3)]["exact_match"].mean()
        cell = cells.loc[CHANGED_LAYERS[layer], 9, 3]
        assert cell["percent"] == pytest.approx(100 * match, abs=0.01)
        assert cell["change"] == pytest.approx(100 * (match - own), abs=0.01)


def test_losses_are_those_of_the_change_and_layer_with_their_intervals():
    table = interventions()
    rows = pd.DataFrame(intervention_rows(table, evaluations()))
    rows = rows.set_index(["arm", "change", "layer"])
    of_arm = table[table["arm"] == "n9"].set_index("trial")
    own = of_arm[of_arm["change"] == "none"]["exact_match"]
    for layer in ("r1", "r2", "both"):
        changed = of_arm[(of_arm["change"] == "shuffled") & (of_arm["layer"] == layer)]
        lost = t_interval(100 * (own - changed["exact_match"]).to_numpy())
        found = rows.loc["n = 9", CHANGES["shuffled"], CHANGED_LAYERS[layer]]
        assert tuple(found[["low", "mean", "high"]]) == pytest.approx(
            (lost.low, lost.mean, lost.high), abs=1e-3
        )
        assert found["words"].startswith(f"{lost.mean:.2f} points [{lost.low:.2f}, ")


def test_interventions_are_means_of_losses_by_layer():
    rows = pd.DataFrame(intervention_rows(interventions(), evaluations()))
    assert list(rows["arm"].unique()) == ["n = 3", "n = 9"]
    assert (rows.groupby(["arm", "change"]).size() == 3).all()
    found = encodings(interventions_chart(interventions(), evaluations()))
    assert len(set(found["shape"]["range"])) == len(found["shape"]["domain"]) == 3


def test_losses_that_dwarf_the_others_are_drawn_on_a_logarithm():
    few = points_lost("mean", [{"mean": -4.0}, {"mean": 6.0}]).to_dict()
    many = points_lost("mean", [{"mean": -24.0}, {"mean": 68.0}]).to_dict()
    assert "type" not in few["scale"] and many["scale"]["type"] == "symlog"
    assert "logarithmic" in many["title"]


def test_clamped_arms_have_lines_of_two_shapes_and_free_ones_a_place_of_their_own():
    rows = pd.DataFrame(clamp_rows(evaluations()))
    held = rows[~rows["free"]]
    assert sorted(held["share"].unique()) == [0.7, 0.85, 0.95, 0.99]
    assert set(rows.loc[rows["free"], "arm"]) >= {"n = 3, not held", "n = 9, not held"}
    dashes = encodings(clamp_chart(evaluations()))["strokeDash"]["range"]
    assert len({tuple(dash) for dash in dashes}) == 2


def test_clamped_and_free_arms_have_their_final_matches_in_percent():
    table = evaluations()
    rows = pd.DataFrame(clamp_rows(table)).set_index(["n", "arm", "share"]).sort_index()
    held = t_interval(last_values(table, "n9_h0p85").to_numpy())
    found = rows.loc["n = 9", "held, full gradient", 0.85]
    assert tuple(found[["low", "mean", "high"]]) == pytest.approx(
        (held.low, held.mean, held.high), abs=1e-5
    )
    assert found["words"].startswith(f"{100 * held.mean:.2f} % [{100 * held.low:.2f}, ")
    (share,) = rows.loc["n = 3", "n = 9, not held"].index
    own = last_values(table, "n9", "entropy_share_r1").mean()
    assert share == pytest.approx(own, abs=1e-4)


def test_an_arm_that_follows_another_is_shown_beside_free_ones_as_in_the_figure():
    arms = {key: ALL_ARMS[key] for key in ("n1", "n3", "n9", "n3_as_n9")}
    rows = pd.DataFrame(clamp_rows(evaluations(arms)))
    assert set(rows["n"]) == {"n = 3"} and rows["free"].all()
    assert set(rows["arm"]) == {
        *(f"n = {n}, not held" for n in (1, 3, 9)),
        "n = 3, as certain as n9",
    }
    assert len(figure_clamp(evaluations(arms)).axes) == 1
    assert clamp_chart(evaluations(arms)).to_dict()["layer"]


def test_exposure_holds_means_over_trials():
    table = exposure()
    rows = pd.DataFrame(exposure_rows(table, evaluations()))
    found = rows[rows["arm"] == "n = 9"].set_index("step")
    for column in ("effective_gradient", "effective_mass"):
        means = table[table["arm"] == "n9"].groupby("step")[column].mean()
        np.testing.assert_allclose(found[column], means, atol=1e-3)


@pytest.mark.parametrize("arms", [some_arms("n1", "n3"), some_arms("cnn"), {}])
def test_charts_draw_whatever_arms_there_are(arms):
    keys = [key for key in arms if key != "cnn"]
    made = charts(evaluations(arms, 2), interventions(keys, 2), exposure(keys, 2))
    assert all(chart.to_dict()["layer"] for chart in made.values())


def test_every_chart_has_words_for_those_who_cannot_see_it():
    made = charts(evaluations(), interventions(), exposure())
    exhibits = [
        Exhibit(name, "a_figure", "A title", "A hint.", one, []) for name, one in made.items()
    ]
    page = render_page("# Title\n", {}, exhibits, base="../")
    assert page.count('"description":"A title. A hint."') == len(made)
    assert page == render_page("# Title\n", {}, exhibits, base="../")
