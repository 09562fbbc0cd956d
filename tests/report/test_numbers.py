"""Numbers as the report prints them."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capsnet_study.report import numbers
from capsnet_study.report.numbers import Quoted, fixed, interval, measured, minus, points, spread

shares = st.floats(-1, 1)


def test_examples_in_the_docstrings_hold():
    assert doctest.testmod(numbers).failed == 0


@given(shares, st.integers(0, 4))
def test_a_printed_number_is_within_half_a_digit(value, digits):
    printed = float(fixed(value, digits).replace("−", "-"))
    assert abs(printed - value) <= 0.5 * 10**-digits + 1e-12
    assert fixed(value, digits) != fixed(-0.0, digits).replace("0", "−0", 1)


@given(shares, shares, shares)
def test_a_difference_the_other_way_round(mean, low, high):
    turned = minus(Quoted(mean, *sorted((low, high))))
    assert turned.low <= turned.high
    assert minus(turned) == Quoted(mean, *sorted((low, high)))


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_what_is_missing_is_a_dash(missing):
    assert fixed(missing) == points(missing) == "–"
    assert measured(Quoted()) == points(Quoted()) == spread(None) == "–"
    assert interval(Quoted(0.1)) == "(no interval)"
