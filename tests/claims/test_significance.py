"""p-values against other implementations, and by hand."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import f, ttest_1samp

from capsnet_study.claims.significance import (
    crossed_estimate,
    curvature,
    holm,
    mean_estimate,
    p_above,
    p_below,
    p_within,
    parabola,
    rank_correlation,
)
from capsnet_study.stats import spearman

VALUES = np.array([0.2, 0.5, -0.1, 0.9, 0.4])


# Tests of means


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=9), st.floats(-5, 5))
def test_one_sided_tests_are_scipys(values, bound):
    estimate = mean_estimate(np.array(values))
    assume(estimate.error > 1e-6)
    for p, alternative in ((p_above, "greater"), (p_below, "less")):
        expected = ttest_1samp(values, bound, alternative=alternative).pvalue
        assert p(estimate, bound) == pytest.approx(expected)
    both = (
        ttest_1samp(values, -5, alternative="greater"),
        ttest_1samp(values, 5, alternative="less"),
    )
    assert p_within(estimate, 5.0) == pytest.approx(max(test.pvalue for test in both))


def test_equal_values_are_certain_and_a_single_one_gives_no_estimate():
    estimate = mean_estimate(np.full(4, 0.5))
    assert [p_above(estimate, bound) for bound in (0.4, 0.5, 0.6)] == [0.0, 1.0, 1.0]
    assert [p_below(estimate, bound) for bound in (0.4, 0.6)] == [1.0, 0.0]
    assert mean_estimate(np.array([0.5])) is None
    assert crossed_estimate(np.ones((1, 5))) is None and crossed_estimate(np.ones((5, 1))) is None


def test_the_crossed_estimate_is_min_f():
    # Clark (1973): min F' = F1 F2 / (F1 + F2), of the F of rows and of columns.
    table = np.random.default_rng(0).normal(0.5, 1.0, (5, 7))
    f1, f2 = (ttest_1samp(table.mean(axis=axis), 0.0).statistic ** 2 for axis in (1, 0))
    dof = (f1 + f2) ** 2 / (f1**2 / 6 + f2**2 / 4)
    estimate = crossed_estimate(table)
    assert (estimate.mean / estimate.error) ** 2 == pytest.approx(f1 * f2 / (f1 + f2))
    assert estimate.dof == pytest.approx(dof)
    both_sides = f.sf(f1 * f2 / (f1 + f2), 1, dof)
    assert p_above(estimate, 0.0) == pytest.approx(both_sides / 2)


# Permutation tests over arms


def test_the_parabola_is_that_of_least_squares():
    x = np.array([-2.0, 0.0, 1.0, 3.0, 6.0])
    assert parabola(x, 5 - 2 * (x - 1.5) ** 2) == pytest.approx((-2.0, 1.5))
    rng = np.random.default_rng(0)
    x, y = rng.normal(7.0, 2.0, 12), rng.normal(size=12)
    square, slope, _ = np.polyfit(x, y, 2)
    assert parabola(x, y) == pytest.approx((square, -slope / (2 * square)))


@pytest.mark.parametrize(
    ("x", "y"), [([1, 1, 2, 2], [1, 2, 3, 4]), ([1, 2, 3, 4], [2, 2, 2, 2]), ([], [])]
)
def test_points_without_a_parabola_have_no_curvature(x, y):
    x, y = np.array(x, dtype=float), np.array(y, dtype=float)
    test = curvature(x, y)
    assert np.isnan([*parabola(x, y), test.value, test.p_above, test.p_below]).all()


@pytest.mark.parametrize("n", [4, 5, 6])
def test_exact_p_counts_the_pairings(n):
    rng = np.random.default_rng(n)
    x, y = rng.normal(size=n), rng.normal(size=n)
    orders = [list(order) for order in permutations(range(n))]
    for test, statistic in (
        (curvature(x, y), lambda y: np.polyfit(x, y, 2)[0]),
        (rank_correlation(x, y), lambda y: spearman(x, y)),
    ):
        found = np.array([statistic(y[order]) for order in orders])
        assert test.value == pytest.approx(statistic(y))
        assert test.p_above == pytest.approx(np.mean(found >= test.value - 1e-9))
        assert test.p_below == pytest.approx(np.mean(found <= test.value + 1e-9))


@pytest.mark.slow
def test_p_of_ten_pairs_is_near_that_of_all_pairings():
    # rho is 1 less 6 · 2 / 990: one swap of neighbours. 1 + 9 of 10! pairings are as high.
    x = np.arange(10.0)
    y = x[[0, 1, 2, 4, 3, 5, 6, 7, 8, 9]]
    test = rank_correlation(x, y)
    assert 1e-6 <= test.p_above < 2e-5  # 10 / 10! is 2.8e-6
    assert test.p_below > 0.99999
    assert rank_correlation(x, y) == test
    assert rank_correlation(-x, y).p_below == test.p_above


# Many claims


def test_holm_as_in_a_textbook():
    # Four hypotheses, of which the first and the last are rejected at .05.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == [] and holm([0.7]) == [0.7] and holm([0.6, 0.9]) == [1.0, 1.0]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_lies_between_p_and_bonferroni_and_keeps_the_order(p):
    adjusted = np.array(holm(p))
    assert (adjusted >= p).all() and (adjusted <= np.minimum(len(p) * np.array(p), 1)).all()
    assert (np.diff(adjusted[np.argsort(p)]) >= 0).all()
    assert adjusted.tolist() == holm(p[::-1])[::-1]
