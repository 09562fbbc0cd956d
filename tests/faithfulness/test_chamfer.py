"""Chamfer distance and its conventions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capsnet_study.faithfulness.chamfer import (
    chamfer_conventions,
    chamfer_distance,
    normalise_unit_box,
    normalise_zscore,
    procrustes_align,
)
from tests.faithfulness.shapes import GRID, noise, similar

seeds = st.integers(0, 10_000)


def reference_chamfer(a: np.ndarray, b: np.ndarray) -> float:
    """By definition: every distance, one by one."""

    def one_way(x, y):
        return sum(min(float(np.hypot(*(p - q))) for q in y) for p in x) / len(x)

    return one_way(a, b) + one_way(b, a)


def test_equals_the_definition():
    a, b = noise(0, 13), noise(1, 7)
    assert chamfer_distance(a, b) == pytest.approx(reference_chamfer(a, b), abs=1e-12)


def test_a_worked_example():
    a, b = np.array([[0.0, 0.0], [4.0, 0.0]]), np.array([[0.0, 3.0]])
    assert chamfer_distance(a, b) == pytest.approx((3 + 5) / 2 + 3)


@given(seeds)
def test_symmetric_zero_on_itself_and_blind_to_order(seed):
    a, b = noise(seed, 20), noise(seed + 1, 15)
    shuffled = np.random.default_rng(seed).permutation(b)
    assert chamfer_distance(a, a) == 0.0
    assert chamfer_distance(a, b) == pytest.approx(chamfer_distance(b, a))
    assert chamfer_distance(a, b) == pytest.approx(chamfer_distance(a, shuffled))
    assert chamfer_distance(a, b) > 0


@pytest.mark.parametrize("bad", [np.empty((0, 2)), np.array([[np.nan, 0.0]])])
def test_sets_without_a_distance_are_refused(bad):
    with pytest.raises(ValueError, match="finite points"):
        chamfer_distance(GRID, bad)


def test_normalisations():
    points = noise(0) * [5.0, 0.1] + [100.0, -3.0]
    scored, boxed = normalise_zscore(points), normalise_unit_box(points)
    assert scored.mean(0) == pytest.approx(0, abs=1e-12)
    assert scored.std(0) == pytest.approx(1)
    assert (boxed.min(0) == 0).all() and boxed.max(0) == pytest.approx(1)


@given(seeds, st.floats(-3.0, 3.0), st.floats(0.01, 100.0), st.booleans())
def test_procrustes_undoes_every_similarity(seed, angle, scale, mirror):
    points = noise(seed)
    moved = similar(points, angle, scale, mirror)
    assert procrustes_align(points, moved) == pytest.approx(points, abs=1e-9)


def test_procrustes_alignment_is_the_best_one():
    embedding = GRID + noise(0)
    left = np.square(procrustes_align(GRID, embedding) - GRID).sum()
    for angle in (-0.05, 0.05):
        aligned = similar(procrustes_align(GRID, embedding), angle, 1.0, False) - [3.0, -7.0]
        assert np.square(aligned - GRID).sum() > left
    for scale in (0.98, 1.02):
        assert np.square(scale * procrustes_align(GRID, embedding) - GRID).sum() > left


def test_conventions_know_what_they_should():
    perfect = chamfer_conventions(GRID, GRID)
    assert perfect == pytest.approx(dict.fromkeys(perfect, 0.0), abs=1e-12)
    turned = chamfer_conventions(GRID, similar(GRID, np.pi / 6, 2.0, False))
    assert turned["chamfer_zscore"] > 0.3
    assert turned["chamfer_unit_box"] > 0.1
    assert turned["chamfer_procrustes"] == pytest.approx(0.0, abs=1e-9)
    shuffled = chamfer_conventions(GRID, np.random.default_rng(0).permutation(GRID))
    assert shuffled["chamfer_zscore"] == pytest.approx(0.0, abs=1e-12)
    assert shuffled["chamfer_procrustes"] > 0.9


@pytest.mark.parametrize("collapsed", [np.zeros((81, 2)), np.full((81, 2), 0.1)])
def test_a_collapsed_map_is_a_point_in_the_middle(collapsed):
    target = normalise_zscore(GRID)
    from_origin = chamfer_distance(target, np.zeros((81, 2)))
    values = chamfer_conventions(GRID, collapsed)
    assert values["chamfer_zscore"] == pytest.approx(from_origin)
    assert values["chamfer_procrustes"] == pytest.approx(from_origin)
    assert np.isfinite(values["chamfer_unit_box"])


def test_a_map_on_a_line_is_measured():
    assert all(np.isfinite(list(chamfer_conventions(GRID, GRID * [1.0, 0.0]).values())))
