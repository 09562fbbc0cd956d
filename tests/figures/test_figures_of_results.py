"""Figures of transfer, faithfulness, claims and early certainty: what they show, and its words."""

from itertools import combinations

import pytest

from capsnet_study.claims.records import of_kind
from capsnet_study.claims.words import words_of
from capsnet_study.figures.causes import MISSING
from capsnet_study.figures.faithfulness import figure_distances, figure_faithfulness
from capsnet_study.figures.forest import FARTHEST, standardised
from capsnet_study.figures.parts import describe_part
from capsnet_study.figures.schemes import scheme_positions
from capsnet_study.figures.style import MODEL_LOOKS, render
from capsnet_study.figures.transfer import figure_transfer
from capsnet_study.figures.verdicts import figure_claims
from capsnet_study.names import MAIN_MODELS, SCHEME_GROUPS
from tests.figures.figure_inputs import claims, nulls, texts, trials_table
from tests.tables import ARMS, claim_records, fitting, manifold, part_record, transfer


def test_transfer_shows_every_scheme_and_how_many_values():
    figure = figure_transfer(transfer(splits=3))
    names = [
        label.get_text().replace("\n", "_")
        for axes in figure.axes
        for label in axes.get_xticklabels()
    ]
    assert names == list(scheme_positions())
    (legend,) = figure.legends
    shown = [text.get_text() for text in legend.get_texts()]
    assert shown == [MODEL_LOOKS[model].label for model in MAIN_MODELS]
    assert "6 splits × directions" in legend.get_title().get_text()


def test_no_words_below_transfer_cover_one_another():
    figure = figure_transfer(transfer())
    figure.draw_without_rendering()
    for axes in figure.axes:
        headings = [text for text in axes.texts if text.get_text() in SCHEME_GROUPS]
        boxes = [text.get_window_extent() for text in (*axes.get_xticklabels(), *headings)]
        assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))


def test_transfer_draws_one_model_one_value_or_none():
    table = transfer(splits=1, models=("cnn",)).query("direction == 'AB' and scheme != 'R1B'")
    figure = figure_transfer(table)
    assert "1 splits × directions" in figure.legends[0].get_title().get_text()
    assert MISSING not in texts(figure.axes[2])
    for few in (table.iloc[:0], table.query("scheme != 'base'")):
        figure = figure_transfer(few)
        assert MISSING in texts(figure.axes[1])
        render(figure, "png", 40)


def test_faithfulness_says_which_way_is_better_and_from_how_many_values():
    figure, measures = figure_distances(manifold(trials=2), nulls()), manifold(trials=2)
    nulled, compared = figure.axes[:4], [*figure.axes[4:], *figure_faithfulness(measures).axes[:5]]
    assert [axes.get_xlabel() for axes in nulled] == ["← better"] * 4
    assert "n = 3–6" in figure.legends[0].get_title().get_text()
    assert [bool(axes.patches) for axes in nulled] == [True, False, False, True]
    shaded = [axes.patches[0].get_x() + axes.patches[0].get_width() for axes in compared]
    assert [end > 0 for end in shaded] == [False] * 5 + [True] * 4


def test_faithfulness_names_null_maps_that_coincide():
    coinciding, apart = nulls()["chamfer_zscore"], {"mean": 0.3, "low": 0.25, "high": 0.35}
    coinciding |= {"noise": apart, "perfect": dict.fromkeys(apart, 0.0)}
    coinciding |= {"shuffled": dict.fromkeys(apart, 1e-16), "rotated_30": dict.fromkeys(apart, 0.2)}
    figure = figure_distances(manifold(), nulls() | {"chamfer_zscore": coinciding})
    assert texts(figure.axes[0]) == "grid = shuffled grid"
    assert len(figure.axes[0].patches) == 1 and len(figure.axes[3].patches) == 2


def test_faithfulness_draws_one_value_a_model_and_no_nulls():
    table = manifold(trials=1).query("pair == '7-8' and model in ['capsnet', 'cnn']")
    figure = figure_distances(table, {})
    rows = [[label.get_text() for label in figure.axes[at].get_yticklabels()] for at in (0, 4)]
    assert rows == [["CapsNet", "CNN"], ["CNN"]]
    render(figure, "png", 40)
    render(figure_faithfulness(table), "png", 40)


def test_claims_show_every_part_in_words_with_its_n_and_verdict():
    words, plot = figure_claims(claims(), {}, fitting()).axes
    rows: dict[float, list[str]] = {}
    for text in words.texts:
        rows.setdefault(text.get_position()[1], []).append(text.get_text())
    _, *drawn = rows.values()  # below the names of the columns
    titles, parts = drawn[::2], drawn[1::2]
    for title, row, (name, claim) in zip(titles, parts, claims().items(), strict=True):
        (part,) = claim.parts
        assert title == [name, claim.title, claim.verdict]
        measure, what, value, spread = describe_part(part, words_of(ARMS))
        assert row == [f"{measure}: {what}", str(part.n), value, spread]
        assert not any("_" in text for text in row)
    assert texts(plot) == "not evaluated"


def test_no_word_of_any_claim_covers_another_or_leaves_the_page():
    pairs = [f"{low}-{high}" for low, high in combinations(range(10), 2)]
    tables = {"manifold": manifold(5, pairs), "transfer": transfer(4)}
    records = claim_records(fitting=trials_table(5), **tables)
    figure = figure_claims(of_kind(records, "paper"), {}, fitting())
    figure.draw_without_rendering()
    words, plot = figure.axes
    rows: dict[float, list] = {}
    for text in words.texts:
        if text.get_text():
            rows.setdefault(text.get_position()[1], []).append(text.get_window_extent())
    for boxes in rows.values():
        assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
        assert all(figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1 for box in boxes)
    for boxes in rows.values():  # words beside the plot, too
        assert not any(box.overlaps(plot.bbox.padded(-1)) for box in boxes)


@pytest.mark.parametrize(
    ("changes", "cells"),
    [
        ({}, ("n = 7 minus n = 3", "−2.00", "[−3.00, −1.00]")),
        ({"of": "capsnet", "minus": "random_capsnet", "measure": "linear_r2"},
         ("CapsNet minus untrained", "−0.0200", "[−0.0300, −0.0100]")),
        ({"of": "n6_fitness", "minus": "n6_eta0p1"},
         ("n = 6, η by fitness minus η = 0.1", "−2.00", "[−3.00, −1.00]")),
        ({"low": None, "high": None, "n": 1}, ("n = 7 minus n = 3", "−2.00", "")),
        ({"mean": None, "low": None, "high": None}, ("n = 7 minus n = 3", "", "")),
    ],
)  # fmt: skip
def test_a_part_is_one_row_of_words_and_numbers(changes, cells):
    assert describe_part(part_record(**changes), words_of(ARMS))[1:] == cells


def test_an_interval_goes_before_a_p_value():
    assert describe_part(part_record(p=0.01), words_of(ARMS)).range == "[−3.00, −1.00]"


def test_a_correlation_has_a_p_value_for_an_interval():
    cells = describe_part(claims()["C7"].parts[0], words_of(ARMS))
    assert "p = .96" in cells.range and "all CapsNet arms" in cells.compared


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({}, -2.0),
        ({"kind": "correlation", "sd": None}, -0.02),
        ({"kind": "curvature", "sd": None}, None),
        ({"sd": None}, None),
        ({"sd": 0.0}, -FARTHEST),
        ({"mean": None}, None),
        ({"mean": -1e9}, -FARTHEST),
    ],
)
def test_means_are_divided_by_their_standard_deviation(changed, place):
    part = part_record(**{"sd": 0.01} | changed)
    assert standardised(part, part.mean) == (place and pytest.approx(place))
