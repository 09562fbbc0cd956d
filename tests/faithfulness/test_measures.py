"""Measures of maps and activations that know which point is which."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr, zscore
from sklearn import manifold
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import KFold
from sklearn.neighbors import NearestNeighbors

from capsnet_study.faithfulness.chamfer import procrustes_align
from capsnet_study.faithfulness.measures import (
    RIDGE_PENALTIES,
    activation_measures,
    continuity,
    distance_spearman,
    knn_overlap,
    linear_cka,
    linear_r2,
    map_measures,
    procrustes_disparity,
    trustworthiness,
)
from tests.faithfulness.shapes import GRID, noise, similar

seeds, neighbours = st.integers(0, 10_000), st.integers(1, 12)


# Against their definitions


@given(seeds, st.floats(-3.0, 3.0), st.floats(0.01, 100.0), st.booleans())
def test_disparity_is_the_share_of_variance_that_no_similarity_explains(seed, angle, scale, mirror):
    embedding = similar(GRID + noise(seed), angle, scale, mirror)
    left = np.square(procrustes_align(GRID, embedding) - GRID).sum() / np.square(GRID).sum()
    assert procrustes_disparity(GRID, embedding) == pytest.approx(left)
    assert procrustes_disparity(GRID, GRID + noise(seed)) == pytest.approx(left, abs=1e-9)


@given(seeds, neighbours)
def test_measures_of_neighbours_are_scikit_learns_where_no_distances_tie(seed, k):
    grid, points = noise(seed, 40), noise(seed + 1, 40)
    trust = manifold.trustworthiness(grid, points, n_neighbors=k)
    back = manifold.trustworthiness(points, grid, n_neighbors=k)
    assert trustworthiness(grid, points, k) == pytest.approx(trust)
    assert continuity(grid, points, k) == pytest.approx(back)
    wanted, found = (
        NearestNeighbors(n_neighbors=k).fit(space).kneighbors(return_distance=False)
        for space in (grid, points)
    )
    shared = [len({*one} & {*other}) / k for one, other in zip(wanted, found, strict=True)]
    assert knn_overlap(grid, points, k) == pytest.approx(np.mean(shared), abs=1e-12)


def test_distance_spearman_is_over_all_pairs():
    grid, points = GRID[:12], noise(0, 12, 5)
    pairs = [(i, j) for i in range(12) for j in range(i)]
    of_grid, of_points = (
        [np.linalg.norm(space[i] - space[j]) for i, j in pairs] for space in (grid, points)
    )
    expected = spearmanr(of_grid, of_points).statistic
    assert distance_spearman(grid, points) == pytest.approx(expected)


@given(seeds, st.integers(1, 200), st.floats(0.0, 10.0))
def test_cka_is_that_of_centred_gram_matrices(seed, dim, offset):
    points = noise(seed, 81, dim) + GRID @ noise(seed + 1, 2, dim) + offset
    centring = np.eye(81) - 1 / 81

    def hsic(one, other):
        return np.trace(one @ one.T @ centring @ other @ other.T @ centring)

    expected = hsic(GRID, points) / np.sqrt(hsic(GRID, GRID) * hsic(points, points))
    assert linear_cka(GRID, points) == pytest.approx(expected, rel=1e-9)


def test_the_read_out_predicts_each_ninth_of_the_points_from_the_others():
    space = GRID @ noise(0, 2, 6) + 2 * noise(1, 81, 6)
    predicted = np.empty_like(GRID)
    for known, unknown in KFold(9, shuffle=True, random_state=0).split(space):
        read_out = RidgeCV(RIDGE_PENALTIES).fit(zscore(space[known]), GRID[known])
        scaled = (space[unknown] - space[known].mean(0)) / space[known].std(0)
        predicted[unknown] = read_out.predict(scaled)
    left = ((predicted.clip(GRID.min(0), GRID.max(0)) - GRID) ** 2).sum(0)
    spread = ((GRID - GRID.mean(0)) ** 2).sum(0)
    assert linear_r2(space, GRID, seed=0) == pytest.approx((1 - left / spread).mean())
    assert linear_r2(space, GRID, seed=1) != linear_r2(space, GRID, seed=0)


# In known cases


@pytest.mark.parametrize("k", [1, 4, 5, 8, 12])
def test_the_grid_keeps_its_own_neighbours_in_any_space_that_holds_it(k):
    """Exactly, though many of its distances are equal."""
    held = np.hstack([GRID, np.zeros((81, 3))]).astype(np.float32)
    assert trustworthiness(GRID, GRID, k) == continuity(GRID, GRID, k) == 1.0
    assert knn_overlap(GRID, held, k) == 1.0
    assert linear_cka(GRID, held) == pytest.approx(1.0, abs=1e-12)
    turned = similar(GRID, 0.5, 3.0, True)  # rounding makes equal distances unequal
    assert min(trustworthiness(GRID, turned), continuity(GRID, turned)) > 0.999


def test_measures_of_maps_have_eight_neighbours_and_tell_tearing_from_folding():
    folded = np.abs(GRID) + 0.01 * noise(0)  # near in the map, far in the grid
    found = map_measures(GRID, folded)
    assert found["trustworthiness"] == trustworthiness(GRID, folded, 8)
    assert found["continuity"] == continuity(GRID, folded, 8)
    assert found["continuity"] - found["trustworthiness"] > 0.05
    upper, middle = GRID[:, :1] > 0, GRID[:, :1] == 0
    torn = GRID + np.where(upper, [40.0, 0.0], 0.0) + np.where(middle, [0.0, 40.0], 0.0)
    assert trustworthiness(GRID, torn) > continuity(GRID, torn)


def test_every_measure_puts_the_grid_before_a_bent_one_before_noise():
    bent = GRID + 0.15 * np.column_stack([GRID[:, 1] ** 2, np.zeros(81)])
    perfect, near, far = (map_measures(GRID, m) for m in (GRID, bent, noise(0)))
    for name, value in near.items():
        sign = -1 if name.startswith(("chamfer", "procrustes")) else 1
        assert sign * perfect[name] > sign * value > sign * far[name], name


RAW = {
    "raw_distance_spearman": distance_spearman,
    "raw_knn_overlap": knn_overlap,
    "raw_cka": linear_cka,
}


def test_measures_of_activations_know_which_point_is_which():
    points = GRID @ noise(0, 2, 6) + 0.1 * noise(1, 81, 6)
    kept = activation_measures(GRID, points)
    lost = activation_measures(GRID, np.random.default_rng(0).permutation(points))
    for name, measure in RAW.items():
        assert kept[name] == measure(GRID, points)
        assert 2 * abs(lost[name]) < kept[name] <= 1, name
    assert kept["linear_r2"] > 0.99 and lost["linear_r2"] < 0.1


def test_a_unit_silent_in_the_training_part_does_not_ruin_the_read_out():
    silent = 1e-6 * noise(0, dim=1)
    silent[40] = 1.0
    assert linear_r2(np.hstack([GRID, silent]), GRID, seed=0) > 0.9


# Where nothing is left


@pytest.mark.parametrize("value", [0.0, 0.1, 1e30])
def test_collapsed_maps_and_activations_count_as_bad_ones(value):
    activations = activation_measures(GRID, np.full((81, 16), value, np.float32))
    assert -0.2 < activations.pop("linear_r2") <= 0.0
    assert set(activations.values()) == {0.0}
    found = map_measures(GRID, np.full((81, 2), value))
    assert (found["procrustes_disparity"], found["distance_spearman"]) == (1.0, 0.0)
    assert max(found["trustworthiness"], found["continuity"]) < 0.6
    assert np.isfinite(list(found.values())).all()


@pytest.mark.parametrize("measure, k", [(trustworthiness, 41), (knn_overlap, 81)])
def test_impossible_numbers_of_neighbours_are_refused(measure, k):
    for wrong in (0, k):
        with pytest.raises(ValueError, match="neighbours"):
            measure(GRID, GRID, wrong)
