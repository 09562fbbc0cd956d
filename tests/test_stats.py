"""Intervals and rank correlations, against formulas and against resamples drawn by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t as student

from capsnet_study.stats import (
    bootstrap_false_alarms,
    bootstrap_interval,
    crossed_interval,
    spearman,
    t_interval,
)


@pytest.mark.parametrize("n", [2, 5, 225])
def test_the_bootstrap_draws_values_with_replacement(n):
    values = np.random.default_rng(1).exponential(size=n)
    drawn = np.random.default_rng(0).integers(n, size=(10_000, n))
    for confidence in (0.95, 0.8):
        ours = bootstrap_interval(values, confidence)
        tails = [(1 - confidence) / 2, (1 + confidence) / 2]
        expected = np.quantile(values[drawn].mean(axis=1), tails)
        assert (ours.low, ours.high) == pytest.approx(expected, rel=1e-12)
        assert (ours.mean, ours.n) == (pytest.approx(values.mean()), n)


def test_the_t_interval_by_its_formula():
    values = np.random.default_rng(0).normal(1.0, 2.0, 5)
    ours = t_interval(values, confidence=0.9)
    half = student.ppf(0.95, 4) * values.std(ddof=1) / np.sqrt(5)
    assert (ours.high - ours.mean, ours.mean - ours.low) == pytest.approx((half, half))
    assert (ours.mean, ours.n) == (pytest.approx(values.mean()), 5)


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
    assert crossed_interval(values, confidence=0.9) == ours


@pytest.mark.parametrize("along_rows", [True, False])
def test_repeating_values_does_not_narrow_the_crossed_interval(along_rows):
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


@pytest.mark.parametrize(
    "interval_of, single",
    [
        (bootstrap_interval, np.ones(1)),
        (t_interval, np.ones(1)),
        (crossed_interval, np.ones((1, 5))),
        (crossed_interval, np.ones((5, 1))),
    ],
)
def test_without_a_spread_there_is_no_interval_and_values_must_be_finite(interval_of, single):
    found = interval_of(single)
    assert (found.mean, found.low, found.high, found.n) == (1.0, None, None, single.size)
    for bad in (single[:0], np.nan * single):
        with pytest.raises(ValueError, match="finite values"):
            interval_of(bad)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=30))
def test_spearman_is_the_correlation_of_mean_ranks(pairs):
    x, y = np.array(pairs, dtype=float).reshape(-1, 2).T
    if len(x) == 0 or np.ptp(x) == 0 or np.ptp(y) == 0:
        assert np.isnan(spearman(x, y))
        return
    below, equal = (x[:, None] > x, x[:, None] == x), (y[:, None] > y, y[:, None] == y)
    rx, ry = (less.sum(1) + same.sum(1) / 2 for less, same in (below, equal))
    assert spearman(x, y) == pytest.approx(np.corrcoef(rx, ry)[0, 1])
