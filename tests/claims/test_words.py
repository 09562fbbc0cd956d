"""Parts of claims in words."""

import pytest

from capsnet_study.claims.words import compared, measure_of, p_value, words_of
from tests import tables
from tests.tables import ARMS, CLAIMS, part_record

WORDS = words_of(ARMS)
LEVEL = {"kind": "level", "minus": None}
CORRELATION = {"kind": "correlation", "measure": None, "of": None, "minus": None} | {
    "x": "entropy_at_tenth",
    "y": "exact_match",
    "group": "capsule_arms",
}


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "n = 7 minus n = 3"),
        ({"of": "n6_fitness", "minus": "n6_eta0p1"}, "n = 6, η by fitness minus n = 6, η = 0.1"),
        ({"of": "capsnet", "minus": "random_capsnet"}, "CapsNet minus CapsNet, untrained"),
        (LEVEL | {"of": "n3_gain0p25"}, "n = 3, gain 0.25"),
        (LEVEL | {"of": None, "group": "routed_arms"}, "all arms that route"),
        (CORRELATION, "all CapsNet arms"),
        ({"of": "n6_eta0p05", "minus": "n9_early"}, "n6_eta0p05 minus n9_early"),
        ({"kind": "equivalence"}, "n = 7 minus n = 3"),
        (CORRELATION | {"kind": "curvature"}, "all CapsNet arms"),
        (
            {"kind": "difference_of_differences", "over": "n1", "minus_over": "cnn"},
            "(n = 7 minus n = 1) minus (n = 3 minus CNN)",
        ),
    ],
)
def test_what_is_compared(changes, text):
    assert compared(part_record(**changes), WORDS) == text


@pytest.mark.parametrize(
    ("p", "text"),
    [(0.0099, "< .01"), (0.01, ".01"), (0.96, ".96"), (0.99, ".99"), (0.991, "> .99")],
)
def test_a_p_has_two_digits_but_near_0_and_1(p, text):
    assert p_value(p) == text


def test_a_rival_that_is_not_known_is_missing():
    assert "missing" in compared(part_record(minus=None), WORDS)


def test_a_short_comparison_names_once_what_both_arms_begin_with():
    part = part_record(of="n6_fitness", minus="n6_eta0p1")
    assert compared(part, WORDS, short=True) == "n = 6, η by fitness minus η = 0.1"
    assert compared(part_record(), WORDS, short=True) == "n = 7 minus n = 3"


@pytest.mark.parametrize(
    ("measure", "unit"),
    [
        ("exact_match", "points"),
        ("entropy_change_r2", "nats"),
        ("drop_A1B", "points"),
        ("longdrop_B2B", "points"),
        ("gap_1", "points"),
        ("loss_shuffled_both", "points"),
        ("loss_uniform_r1", "points"),
        ("exact_match_at_third", "points"),
        ("log_gap_at_tenth", ""),
        ("linear_r2", ""),
    ],
)
def test_measures_have_a_unit_and_a_name_without_underscores(measure, unit):
    found = measure_of(part_record(measure=measure))
    assert found.unit == unit and "_" not in found.name + found.title


def test_a_correlation_names_both_measures_and_has_no_unit():
    found = measure_of(part_record(**CORRELATION))
    x, y = (measure_of(part_record(measure=name)) for name in ("entropy_at_tenth", "exact_match"))
    assert x.name in found.name and y.name in found.name and found.unit == ""


@pytest.mark.parametrize(
    ("measure", "name"),
    [
        ("loss_n_test_1_both", "loss of exact match by n = 1 at test, in both layers"),
        ("loss_uniform_r1", "loss of exact match by uniform couplings at test, in R1"),
        ("drop_B2B", "drop from base to B2B"),
        ("gap_2", "exact match of B2B minus that of A2B"),
        ("longdrop_A1B", "drop from the longer base to A1B"),
    ],
)
def test_what_is_made_of_a_table_is_named(measure, name):
    assert measure_of(part_record(measure=measure)).name == name


def test_a_curvature_names_both_measures():
    found = measure_of(part_record(**CORRELATION | {"kind": "curvature"}))
    assert found.name.startswith("quadratic coefficient") and "final exact match" in found.name


def test_every_part_of_every_claim_has_words():
    records = tables.claim_records(
        fitting=tables.fitting_trials(tables.accuracies()),
        manifold=tables.manifold(),
        transfer=tables.transfer(),
    )
    parts = [part for claim in records.values() for part in claim.parts]
    assert len(records) == len(CLAIMS) and len(parts) > 90
    keys = {key for part in parts for key in (part.of, part.minus) if key}
    words = dict.fromkeys(keys, "an arm") | WORDS
    assert not any("_" in compared(part, words) + measure_of(part).name for part in parts)
