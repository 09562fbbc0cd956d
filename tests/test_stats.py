"""Bootstrap intervals and rank correlations."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import bootstrap, spearmanr, ttest_1samp

from capsnet_study.stats import (
    bootstrap_false_alarms,
    bootstrap_interval,
    crossed_interval,
    permutation_spearman,
    spearman,
    t_interval,
)


def test_agrees_with_scipy():
    values = np.random.default_rng(0).exponential(size=225)
    ours = bootstrap_interval(values)
    theirs = bootstrap((values,), np.mean, method="percentile", rng=1).confidence_interval
    assert ours.n == 225 and ours.mean == pytest.approx(values.mean())
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.01)


def test_covers_the_mean_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    hits = 0
    for trial in range(300):
        interval = bootstrap_interval(rng.normal(1.0, 2.0, 40), resamples=1000, seed=trial)
        hits += interval.low <= 1.0 <= interval.high
    assert 0.90 <= hits / 300 <= 0.98


@given(st.lists(st.floats(-10, 10), min_size=2, max_size=20), st.floats(-5, 5))
def test_ends_lie_among_the_values_and_move_with_them(values, shift):
    interval = bootstrap_interval(np.array(values), resamples=200)
    moved = bootstrap_interval(np.array(values) + shift, resamples=200)
    assert min(values) - 1e-9 <= interval.low <= interval.high <= max(values) + 1e-9
    assert (moved.low, moved.high) == pytest.approx((interval.low + shift, interval.high + shift))


def test_seeded_and_wider_with_more_confidence():
    values = np.random.default_rng(0).normal(size=30)
    assert bootstrap_interval(values) == bootstrap_interval(values)
    wide, narrow = (bootstrap_interval(values, confidence=c) for c in (0.99, 0.8))
    assert wide.low < narrow.low < narrow.high < wide.high


def test_one_value_has_no_interval_and_none_is_refused():
    single = bootstrap_interval(np.array([0.3]))
    assert (single.mean, single.low, single.high, single.n) == (0.3, None, None, 1)
    for bad in ([], [1.0, np.nan]):
        with pytest.raises(ValueError, match="finite values"):
            bootstrap_interval(np.array(bad, dtype=float))


def test_the_t_interval_is_scipys():
    values = np.random.default_rng(0).normal(1.0, 2.0, 5)
    ours = t_interval(values, confidence=0.9)
    theirs = ttest_1samp(values, 0.0).confidence_interval(0.9)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high))
    assert (ours.mean, ours.n) == (pytest.approx(values.mean()), 5)
    assert t_interval(values[:1]).low is None
    with pytest.raises(ValueError, match="finite values"):
        t_interval(np.array([1.0, np.nan]))


def test_the_crossed_interval_resamples_rows_and_columns():
    values = np.random.default_rng(0).normal(size=(4, 6))
    rng = np.random.default_rng(1)
    means = [
        values[np.ix_(rng.integers(4, size=4), rng.integers(6, size=6))].mean()
        for _ in range(20_000)
    ]
    ours = crossed_interval(values, confidence=0.9)
    assert (ours.low, ours.high) == pytest.approx(np.quantile(means, [0.05, 0.95]), abs=0.03)
    assert (ours.mean, ours.n) == (pytest.approx(values.mean()), 24)
    assert crossed_interval(values) == crossed_interval(values)


@pytest.mark.parametrize("along_rows", [True, False])
def test_repeating_a_value_does_not_narrow_the_crossed_interval(along_rows):
    values = np.random.default_rng(0).normal(size=40)
    table = np.tile(values, (30, 1))
    crossed = crossed_interval(table.T if along_rows else table)
    plain, pooled = bootstrap_interval(values), bootstrap_interval(table.ravel(), resamples=500)
    assert (crossed.low, crossed.high) == pytest.approx((plain.low, plain.high), abs=0.03)
    assert pooled.high - pooled.low < 0.3 * (crossed.high - crossed.low)


def test_the_bootstrap_of_few_values_misses_more_often_than_it_says():
    """Of two values all but one resample in four lie beyond 0 as soon as they have one sign."""
    assert bootstrap_false_alarms(2) == pytest.approx(0.5, abs=0.04)
    assert 0.1 < bootstrap_false_alarms(5) < 0.2
    assert bootstrap_false_alarms(200) == pytest.approx(0.05, abs=0.02)


def test_a_single_row_or_column_has_no_crossed_interval():
    for shape in ((1, 5), (5, 1)):
        found = crossed_interval(np.ones(shape))
        assert (found.mean, found.low, found.high, found.n) == (1.0, None, None, 5)
    with pytest.raises(ValueError, match="finite values"):
        crossed_interval(np.full((2, 2), np.nan))


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=3, max_size=30))
def test_spearman_is_scipys(pairs):
    x, y = np.array(pairs, dtype=float).T
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        assert np.isnan(spearman(x, y))
    else:
        assert spearman(x, y) == pytest.approx(spearmanr(x, y).statistic)


def test_exact_p_counts_the_pairings():
    x, y = np.arange(5.0), np.array([1.0, 0.0, 2.0, 4.0, 3.0])
    rho, p = permutation_spearman(x, y, seed=0)
    as_good = [spearman(x, y[list(order)]) >= rho - 1e-12 for order in permutations(range(5))]
    assert rho == pytest.approx(spearman(x, y))
    assert p == pytest.approx(sum(as_good) / 120)


def test_p_is_one_sided_and_seeded():
    x = np.arange(13.0)
    y = x + np.random.default_rng(0).normal(0, 2, 13)
    rho, p = permutation_spearman(x, y, seed=0)
    opposite_rho, opposite_p = permutation_spearman(-x, y, seed=0)
    assert rho > 0.7 and p < 0.01
    assert opposite_rho == pytest.approx(-rho) and opposite_p > 0.99
    assert permutation_spearman(x, y, seed=0) == (rho, p)
    assert np.isnan(permutation_spearman(x, np.ones(13), seed=0)).all()
