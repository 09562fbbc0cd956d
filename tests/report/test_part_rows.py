"""How the report prints the parts of claims."""

import pytest

from capsnet_study.claims.words import words_of
from capsnet_study.report.text import PartRow, part_row
from tests.tables import ARMS, part_record

LEVEL = {"kind": "level", "minus": None}
ENTROPY = LEVEL | {"measure": "entropy_change", "of": "n2"}
DROP = LEVEL | {"table": "transfer", "measure": "drop_A1B", "of": "capsnet", "bound": 0.05}
CORRELATION = {"kind": "correlation", "measure": None, "of": None, "minus": None} | {
    "group": "capsule_arms",
    "x": "entropy_at_tenth",
    "y": "exact_match",
}


def row(**changes) -> PartRow:
    return part_row(part_record(**changes), words_of(ARMS))


@pytest.mark.parametrize(
    ("changes", "cells"),
    [
        ({}, ("3", "−2.00", "[−3.00, −1.00]", "below 0")),
        (
            {"side": "within", "bound": 0.01, "mean": 0.013, "high": 0.018},
            ("3", "+1.30", "[−3.00, +1.80]", "within ±1"),
        ),
        (DROP, ("3", "−2.00", "[−3.00, −1.00]", "below 5")),
        (ENTROPY, ("3", "−0.0200", "[−0.0300, −0.0100]", "below 0")),
        (
            LEVEL | {"table": "interventions", "measure": "loss_n_test_1_both", "bound": 0.01},
            ("3", "−2.00", "[−3.00, −1.00]", "below 1"),
        ),
        (
            {"table": "manifold", "measure": "linear_r2", "n": 225},
            ("225", "−0.0200", "[−0.0300, −0.0100]", "below 0"),
        ),
    ],
)
def test_a_part_is_printed_in_its_unit(changes, cells):
    found = row(**changes)
    assert (found.n, found.mean, found.interval, found.expected) == cells
    assert "_" not in found.measure + found.compared


@pytest.mark.parametrize(("n", "dropped", "text"), [(3, 2, "3 (2 left out)"), (1, 0, "1")])
def test_units_that_were_left_out_are_counted_beside_the_others(n, dropped, text):
    assert row(n=n, dropped=dropped).n == text


def test_a_curvature_is_printed_as_a_correlation_is():
    found = row(**CORRELATION | {"kind": "curvature"}, n=10, low=None, high=None, p=0.0321)
    assert "p = .03" in found.interval and found.n == "10"
    assert found.expected == "below 0, p < 0.05"


def test_a_correlation_has_a_permutation_test_for_an_interval():
    found = row(**CORRELATION, n=13, mean=-0.06, low=None, high=None, p=0.5726, side="above")
    assert "p = .57" in found.interval and found.n == "13"
    assert found.mean == "−0.0600" and found.expected == "above 0, p < 0.05"


@pytest.mark.parametrize(
    ("n", "table", "text"),
    [(1, "fitting", "one trial"), (1, "manifold", "one value"), (0, "fitting", "no values")],
)
def test_what_has_no_interval_says_why(n, table, text):
    assert row(n=n, table=table, low=None, high=None).interval == f"n/a ({text})"
