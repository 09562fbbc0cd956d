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


@given(seeds)
def test_the_distance_is_that_of_its_definition_and_symmetric(seed):
    """Every distance, one by one."""
    a, b = noise(seed, 13), noise(seed + 1, 7)

    def one_way(x, y):
        return sum(min(float(np.hypot(*(p - q))) for q in y) for p in x) / len(x)

    assert chamfer_distance(a, b) == pytest.approx(one_way(a, b) + one_way(b, a), abs=1e-12)
    assert chamfer_distance(b, a) == pytest.approx(chamfer_distance(a, b))
    assert chamfer_distance(a, a) == 0.0


@pytest.mark.parametrize("bad", [np.empty((0, 2)), np.array([[np.nan, 0.0]])])
def test_sets_without_a_distance_are_refused(bad):
    with pytest.raises(ValueError, match="finite points"):
        chamfer_distance(GRID, bad)


def test_normalisations_by_their_definitions():
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


def test_conventions_agree_on_the_grid_and_differ_on_turned_and_shuffled_ones():
    perfect = chamfer_conventions(GRID, GRID)
    assert perfect == pytest.approx(dict.fromkeys(perfect, 0.0), abs=1e-12)
    turned = chamfer_conventions(GRID, similar(GRID, np.pi / 6, 2.0, False))
    assert turned["chamfer_zscore"] > 0.3 and turned["chamfer_unit_box"] > 0.1
    assert turned["chamfer_procrustes"] == pytest.approx(0.0, abs=1e-9)
    shuffled = chamfer_conventions(GRID, np.random.default_rng(0).permutation(GRID))
    assert shuffled["chamfer_zscore"] == pytest.approx(0.0, abs=1e-12)
    assert shuffled["chamfer_procrustes"] > 0.9


@pytest.mark.parametrize("value", [0.0, 0.1])
def test_a_collapsed_map_is_a_point_in_the_middle(value):
    target = normalise_zscore(GRID)
    from_origin = chamfer_distance(target, np.zeros((81, 2)))
    values = chamfer_conventions(GRID, np.full((81, 2), value))
    assert values["chamfer_zscore"] == pytest.approx(from_origin)
    assert values["chamfer_procrustes"] == pytest.approx(from_origin)
    assert np.isfinite(values["chamfer_unit_box"])
    on_a_line = chamfer_conventions(GRID, GRID * [1.0, 0.0])
    assert np.isfinite(list(on_a_line.values())).all()
