"""Figures of transfer, faithfulness, claims and early certainty: what they show, and its words."""

from itertools import combinations, pairwise

import pytest
from matplotlib.colors import to_hex

from capsnet_study.claims.kinds import of_kind
from capsnet_study.claims.words import words_of
from capsnet_study.figures.faithfulness import figure_faithfulness
from capsnet_study.figures.parts import describe_part
from capsnet_study.figures.schemes import scheme_positions
from capsnet_study.figures.style import MODEL_LOOKS, render
from capsnet_study.figures.transfer import figure_transfer
from capsnet_study.figures.verdicts import figure_claims, row_scale
from capsnet_study.names import MAIN_MODELS, SCHEME_GROUPS, SCHEMES
from tests.figures.figure_inputs import claims, nulls, texts, trials_table
from tests.tables import ARMS, claim_records, fitting, manifold, part_record, transfer


def test_transfer_has_a_bar_a_scheme_and_model_with_every_value():
    axes = figure_transfer(transfer(splits=3)).axes[0]
    assert len(axes.containers) == 3 * len(SCHEMES)
    assert "all 6 values" in texts(axes)
    names = [label.get_text().replace("\n", "_") for label in axes.get_xticklabels()]
    assert names == list(scheme_positions())
    shown = [text.get_text() for text in axes.get_legend().get_texts()]
    assert shown == [MODEL_LOOKS[model].label for model in MAIN_MODELS]


def test_transfer_bars_stand_beside_one_another_in_the_colours_of_their_models():
    axes = figure_transfer(transfer()).axes[0]
    bars = [bar for container in axes.containers for bar in container]
    ends = sorted((bar.get_x(), bar.get_x() + bar.get_width()) for bar in bars)
    assert all(one[1] <= other[0] + 1e-9 for one, other in pairwise(ends))
    colours = [to_hex(bar.get_facecolor()) for bar in bars]
    expected = [to_hex(MODEL_LOOKS[model].colour) for model in MAIN_MODELS]
    assert list(dict.fromkeys(colours)) == expected


def test_no_words_below_transfer_cover_one_another():
    figure = figure_transfer(transfer())
    figure.draw_without_rendering()
    axes = figure.axes[0]
    headings = [text for text in axes.texts if text.get_text() in SCHEME_GROUPS]
    boxes = [text.get_window_extent() for text in (*axes.get_xticklabels(), *headings)]
    assert len(headings) == len(SCHEME_GROUPS)
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))


def test_transfer_draws_one_model_one_value_or_none():
    table = transfer(splits=1, models=("cnn",)).query("direction == 'AB' and scheme != 'R1B'")
    axes = figure_transfer(table).axes[0]
    assert len(axes.containers) == len(SCHEMES) - 1 and "1 value" in texts(axes)
    render(figure_transfer(table.iloc[:0]), "png", 40)


def test_faithfulness_says_which_way_is_better_and_from_how_many_values():
    figure = figure_faithfulness(manifold(trials=2), nulls())
    ways = [axes.get_xlabel() for axes in figure.axes]
    assert ways == ["← better"] * 4 + ["better →"] * 4
    assert "n = 3 to 6" in figure.legends[0].get_title().get_text()
    assert [bool(axes.patches) for axes in figure.axes] == [True, False, False, True] + [False] * 4


def test_faithfulness_names_null_maps_that_coincide_and_the_panels_that_have_any():
    coinciding, apart = nulls()["chamfer_zscore"], {"mean": 0.3, "low": 0.25, "high": 0.35}
    coinciding |= {"noise": apart, "perfect": dict.fromkeys(apart, 0.0)}
    coinciding |= {"shuffled": dict.fromkeys(apart, 1e-16), "rotated_30": dict.fromkeys(apart, 0.2)}
    figure = figure_faithfulness(manifold(), nulls() | {"chamfer_zscore": coinciding})
    assert texts(figure.axes[0]) == "grid = shuffled grid"
    assert len(figure.axes[0].patches) == 1 and len(figure.axes[3].patches) == 2
    assert "null maps in panels a, d only" in figure.legends[0].get_title().get_text()


def test_faithfulness_draws_one_value_a_model_and_no_nulls():
    table = manifold(trials=1).query("pair == '7-8' and model in ['capsnet', 'cnn']")
    figure = figure_faithfulness(table, {})
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["CapsNet", "CNN"]
    render(figure, "png", 40)


def test_claims_show_every_part_in_words_with_its_n_and_verdict():
    axes = figure_claims(claims(), fitting()).axes[0]
    rows: dict[float, list[str]] = {}
    for text in axes.texts:
        rows.setdefault(text.get_position()[1], []).append(text.get_text())
    _, *drawn = rows.values()  # below the names of the columns
    for row, (name, claim) in zip(drawn, claims().items(), strict=True):
        (part,) = claim["parts"]
        cells = [*describe_part(part, words_of(ARMS)), str(part["n"])]
        if part["mean"] is None:
            row.remove("not evaluated")  # in the place of a marker
        assert sorted([name, claim["verdict"], *cells]) == sorted(row)
        assert not any("_" in text for text in row)


def test_no_word_of_any_claim_covers_another_or_leaves_the_page():
    pairs = [f"{low}-{high}" for low, high in combinations(range(10), 2)]
    tables = {"manifold": manifold(5, pairs), "transfer": transfer(4)}
    records = claim_records(fitting=trials_table(5), **tables)
    figure = figure_claims(of_kind(records, "paper"), fitting())
    figure.draw_without_rendering()
    (axes,) = figure.axes
    rows: dict[float, list] = {}
    for text in axes.texts:
        if text.get_text():
            rows.setdefault(text.get_position()[1], []).append(text.get_window_extent())
    for boxes in rows.values():
        assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
        assert all(figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1 for box in boxes)


@pytest.mark.parametrize(
    ("changes", "cells"),
    [
        ({}, ("n = 7 minus n = 3", "−2.00", "[−3.00, −1.00] points")),
        ({"of": "capsnet", "minus": "random_capsnet", "measure": "linear_r2"},
         ("CapsNet minus untrained", "−0.0200", "[−0.0300, −0.0100]")),
        ({"of": "n6_fitness", "minus": "n6_eta0p1"},
         ("n = 6, η by fitness minus η = 0.1", "−2.00", "[−3.00, −1.00] points")),
        ({"low": None, "high": None, "n": 1}, ("n = 7 minus n = 3", "−2.00", "")),
        ({"mean": None, "low": None, "high": None}, ("n = 7 minus n = 3", "", "")),
    ],
)  # fmt: skip
def test_a_part_is_one_row_of_words_and_numbers(changes, cells):
    assert describe_part(part_record(**changes), words_of(ARMS))[1:] == cells


def test_an_interval_goes_before_a_p_value():
    assert describe_part(part_record(p=0.01), words_of(ARMS)).range == "[−3.00, −1.00] points"


def test_a_correlation_has_a_p_value_for_an_interval():
    cells = describe_part(claims()["C7"]["parts"][0], words_of(ARMS))
    assert "p = 0.96" in cells.range and "all CapsNet arms" in cells.compared


@pytest.mark.parametrize(
    ("changed", "scale"),
    [
        ({}, 0.03),
        ({"bound": 0.05}, 0.05),
        ({"low": None, "high": None}, 0.02),
        ({"measure": "spearman_entropy_accuracy"}, 1.0),
        ({"mean": 0.0, "low": 0.0, "high": 0.0}, 1.0),
        ({"side": "within", "bound": 0.04}, 0.04),
    ],
)
def test_a_row_of_claims_reaches_to_its_farthest_number(changed, scale):
    assert row_scale(part_record(**changed)) == pytest.approx(scale)
