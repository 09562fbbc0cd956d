"""The mean with random effects, against closed forms and another search."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from capsnet_study.settings.mixed import mixed_mean


def table(seed: int, settings: float, starts: float, rest: float) -> np.ndarray:
    """Return seven settings by five starts, with effects of given standard deviations."""
    rng = np.random.default_rng(seed)
    effects = rng.normal(0, settings, (7, 1)) + rng.normal(0, starts, (1, 5))
    return 0.03 + effects + rng.normal(0, rest, (7, 5))


def crossed(values: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    rows, columns = np.indices(values.shape)
    return values.ravel(), [rows.ravel(), columns.ravel()]


def test_a_balanced_table_gives_the_estimate_of_analysis_of_variance() -> None:
    values = table(3, 0.02, 0.01, 0.004)
    n, m = values.shape
    rows, columns = values.mean(axis=1), values.mean(axis=0)
    rest = values - rows[:, None] - columns + values.mean()
    of_rows, of_columns = m * rows.var(ddof=1), n * columns.var(ddof=1)
    of_rest = (rest**2).sum() / ((n - 1) * (m - 1))
    assert min(of_rows, of_columns) > of_rest  # else a variance would be 0
    found = mixed_mean(*crossed(values))
    assert found.mean == pytest.approx(values.mean(), abs=1e-9)
    error = np.sqrt((of_rows + of_columns - of_rest) / values.size)
    assert found.error == pytest.approx(error, rel=1e-5)


def test_a_grouping_that_explains_nothing_is_as_none() -> None:
    values = table(3, 0.02, 0.0, 0.004)
    values += values.mean() - values.mean(axis=0)  # equal columns: their variance is 0
    found = mixed_mean(*crossed(values))
    assert found.error == pytest.approx(values.mean(axis=1).std(ddof=1) / np.sqrt(7), rel=1e-5)
    values += values.mean() - values.mean(axis=1, keepdims=True)  # and equal rows
    found = mixed_mean(*crossed(values))
    assert found.error == pytest.approx(values.std(ddof=1) / np.sqrt(values.size), rel=1e-5)
    flat, (rows, _) = crossed(values)
    assert mixed_mean(flat, [rows, np.zeros(len(flat))]) == mixed_mean(flat, [rows])
    assert mixed_mean(*crossed(np.full((3, 2), 0.25))) == (0.25, 0.0)


@pytest.mark.parametrize("seed", range(3))
def test_an_unbalanced_table_gives_what_another_search_finds(seed: int) -> None:
    kept = np.random.default_rng(seed).random(35) < 0.6
    values, (rows, columns) = crossed(table(seed, 0.01, 0.003, 0.01))
    values, rows, columns = values[kept], rows[kept], columns[kept]
    indicators = [np.eye(len(values))] + [
        (group[:, None] == np.unique(group)).astype(float) for group in (rows, columns)
    ]

    def covariance(logs: np.ndarray) -> np.ndarray:
        return sum(v * z @ z.T for v, z in zip(np.exp(logs), indicators, strict=True))

    def loss(logs: np.ndarray) -> float:
        # the likelihood of all differences to the last value: it does not know the mean
        apart = np.hstack([np.eye(len(values) - 1), -np.ones((len(values) - 1, 1))])
        seen = apart @ covariance(logs) @ apart.T
        return np.linalg.slogdet(seen)[1] + apart @ values @ np.linalg.solve(seen, apart @ values)

    options = {"maxfev": 4000, "xatol": 1e-7, "fatol": 1e-11}
    best = minimize(loss, np.full(3, -9.0), method="Nelder-Mead", options=options).x
    weights = np.linalg.solve(covariance(best), np.ones(len(values)))
    found = mixed_mean(values, [rows, columns])
    assert found.mean == pytest.approx(weights @ values / weights.sum(), abs=1e-5)
    assert found.error == pytest.approx(weights.sum() ** -0.5, rel=1e-3)


@given(st.integers(0, 99), st.floats(-5, 5), st.floats(0.01, 100))
def test_shift_and_scale_carry_over(seed: int, shift: float, scale: float) -> None:
    values, groups = crossed(table(seed, 0.01, 0.003, 0.01))
    found, moved = mixed_mean(values, groups), mixed_mean(shift + scale * values, groups)
    assert moved.mean == pytest.approx(shift + scale * found.mean, abs=1e-6 * scale + 1e-9)
    assert moved.error == pytest.approx(scale * found.error, rel=1e-3)
