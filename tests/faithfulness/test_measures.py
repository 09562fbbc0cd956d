"""Measures that know which point is which."""

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

seeds = st.integers(0, 10_000)


@given(seeds, st.floats(-3.0, 3.0), st.floats(0.01, 100.0), st.booleans())
def test_disparity_is_blind_to_similarities(seed, angle, scale, mirror):
    embedding = GRID + noise(seed)
    moved = similar(embedding, angle, scale, mirror)
    disparity = procrustes_disparity(GRID, embedding)
    assert 0 < disparity < 1
    assert procrustes_disparity(GRID, moved) == pytest.approx(disparity, abs=1e-9)


def test_disparity_is_the_share_of_variance_left_over():
    embedding = GRID + noise(0)
    left = np.square(procrustes_align(GRID, embedding) - GRID).sum() / np.square(GRID).sum()
    assert procrustes_disparity(GRID, embedding) == pytest.approx(left)


@given(seeds, st.integers(1, 12))
def test_neighbour_measures_agree_with_scikit_learn_where_no_distances_tie(seed, k):
    grid, embedding = noise(seed, 40), noise(seed + 1, 40)
    trust = manifold.trustworthiness(grid, embedding, n_neighbors=k)
    back = manifold.trustworthiness(embedding, grid, n_neighbors=k)
    assert trustworthiness(grid, embedding, k) == pytest.approx(trust)
    assert continuity(grid, embedding, k) == pytest.approx(back)


def test_measures_of_maps_are_of_eight_neighbours_under_their_own_names():
    folded = np.abs(GRID) + 0.01 * noise(0)  # near in the map, far in the grid
    found, ours = map_measures(GRID, folded), {"n_neighbors": 8}
    trust, back = (
        manifold.trustworthiness(*pair, **ours) for pair in ((GRID, folded), (folded, GRID))
    )
    assert back - trust > 0.05
    assert found["trustworthiness"] == pytest.approx(trust, abs=0.01)
    assert found["continuity"] == pytest.approx(back, abs=0.01)
    assert found["trustworthiness"] == trustworthiness(GRID, folded, 8)
    assert found["continuity"] == continuity(GRID, folded, 8)


def test_the_read_out_does_not_know_in_which_unit_an_activation_is():
    drawn = np.hstack([GRID + 2 * noise(1), noise(2, dim=6)])
    scales = np.array([1e-3, 1e3, 1.0, 1e2, 1e-2, 1.0, 10.0, 1e3])
    assert linear_r2(drawn * scales, GRID, 0) == pytest.approx(linear_r2(drawn, GRID, 0), abs=1e-6)


@pytest.mark.parametrize("k", [1, 4, 5, 8, 12])
def test_the_grid_keeps_its_own_neighbours(k):
    assert trustworthiness(GRID, GRID, k) == 1.0
    assert continuity(GRID, GRID, k) == 1.0


def test_rounding_of_equal_distances_hardly_matters():
    turned = similar(GRID, 0.5, 3.0, True)
    assert 0.999 < trustworthiness(GRID, turned) <= 1.0
    assert 0.999 < continuity(GRID, turned) <= 1.0


def test_tearing_and_folding_are_told_apart():
    folded = np.column_stack([np.abs(GRID[:, 0]) + 1e-3 * GRID[:, 0], GRID[:, 1]])
    assert continuity(GRID, folded) > trustworthiness(GRID, folded)
    torn = (
        GRID
        + np.where(GRID[:, :1] > 0, [40.0, 0.0], 0.0)
        + np.where(GRID[:, :1] == 0, [0.0, 40.0], 0.0)
    )
    assert trustworthiness(GRID, torn) > continuity(GRID, torn)


@pytest.mark.parametrize("k", [0, 41])
def test_an_impossible_number_of_neighbours_is_refused(k):
    with pytest.raises(ValueError, match="neighbours"):
        trustworthiness(GRID, GRID, k)


def test_distance_spearman_is_that_of_all_pairs():
    points = noise(0, 12, 5)
    grid = GRID[:12]
    pairs = [(i, j) for i in range(12) for j in range(i)]
    reference = spearmanr(
        [np.linalg.norm(grid[i] - grid[j]) for i, j in pairs],
        [np.linalg.norm(points[i] - points[j]) for i, j in pairs],
    ).statistic
    assert distance_spearman(grid, points) == pytest.approx(reference)
    assert distance_spearman(GRID, similar(GRID, 1.0, 2.0, True)) == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize("dim", [4, 160])
def test_linear_features_read_out_and_noise_does_not(dim):
    weights = noise(0, 2, dim)
    linear = (GRID @ weights + 0.1 * noise(1, 81, dim)).astype(np.float32)
    assert linear_r2(linear, GRID, seed=0) > 0.99
    assert linear_r2(noise(2, 81, dim), GRID, seed=0) < 0.1
    assert linear_r2(linear, GRID, seed=0) == linear_r2(linear, GRID, seed=0)
    assert linear_r2(linear, GRID, seed=0) != linear_r2(linear, GRID, seed=1)


def test_each_ninth_of_the_points_is_read_out_by_the_others():
    space = GRID @ noise(0, 2, 6) + 2 * noise(1, 81, 6)
    predicted = np.empty_like(GRID)
    for known, unknown in KFold(9, shuffle=True, random_state=0).split(space):
        read_out = RidgeCV(RIDGE_PENALTIES).fit(zscore(space[known]), GRID[known])
        scaled = (space[unknown] - space[known].mean(0)) / space[known].std(0)
        predicted[unknown] = read_out.predict(scaled)
    left = ((predicted.clip(GRID.min(0), GRID.max(0)) - GRID) ** 2).sum(0)
    spread = ((GRID - GRID.mean(0)) ** 2).sum(0)
    assert linear_r2(space, GRID, seed=0) == pytest.approx((1 - left / spread).mean())
    assert linear_r2(space, GRID, seed=0, folds=3) != pytest.approx((1 - left / spread).mean())


def test_dead_activations_read_out_nothing():
    assert -0.2 < linear_r2(np.ones((81, 16)), GRID, seed=0) <= 0.0


def test_a_collapsed_map_counts_as_a_bad_one():
    values = map_measures(GRID, np.full((81, 2), 0.1))
    assert values["procrustes_disparity"] == 1.0
    assert values["distance_spearman"] == 0.0
    assert values["trustworthiness"] < 0.6
    assert values["continuity"] < 0.6
    assert np.isfinite(list(values.values())).all()


def test_every_measure_puts_the_grid_before_a_bent_one_before_noise():
    bent = GRID + 0.15 * np.column_stack([GRID[:, 1] ** 2, np.zeros(81)])
    perfect, near, far = (map_measures(GRID, m) for m in (GRID, bent, noise(0)))
    for name, value in near.items():
        sign = -1 if name.startswith(("chamfer", "procrustes")) else 1
        assert sign * perfect[name] > sign * value > sign * far[name], name


def hsic(one: np.ndarray, other: np.ndarray) -> float:
    """tr(KHLH) / (n - 1)² of linear kernels K and L, H the matrix that centres n points."""
    n = len(one)
    centring = np.eye(n) - 1 / n
    kernel, of_other = one @ one.T, other @ other.T
    return np.trace(kernel @ centring @ of_other @ centring) / (n - 1) ** 2


@given(seeds, st.integers(1, 200), st.floats(0.0, 10.0))
def test_cka_is_that_of_its_definition_by_gram_matrices(seed, dim, offset):
    points = noise(seed, 81, dim) + GRID @ noise(seed + 1, 2, dim) + offset
    reference = hsic(GRID, points) / np.sqrt(hsic(GRID, GRID) * hsic(points, points))
    assert linear_cka(GRID, points) == pytest.approx(reference, rel=1e-9)
    assert 0 < linear_cka(GRID, points) <= 1


@given(seeds, st.integers(1, 12))
def test_overlap_is_that_of_scikit_learns_neighbours_where_no_distances_tie(seed, k):
    grid, points = noise(seed, 40), noise(seed + 1, 40, 7)
    wanted, found = (
        NearestNeighbors(n_neighbors=k).fit(space).kneighbors(return_distance=False)
        for space in (grid, points)
    )
    shared = [len({*one} & {*other}) / k for one, other in zip(wanted, found, strict=True)]
    assert knn_overlap(grid, points, k) == pytest.approx(np.mean(shared), abs=1e-12)


@pytest.mark.parametrize("k", [1, 4, 5, 8, 12, 80])
@pytest.mark.parametrize("dim", [2, 5])
def test_the_grid_overlaps_with_itself_wholly_in_any_space_that_holds_it(k, dim):
    held = np.hstack([GRID, np.zeros((81, dim - 2))]).astype(np.float32)
    assert knn_overlap(GRID, held, k) == 1.0
    assert linear_cka(GRID, held) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("k", [0, 81])
def test_an_overlap_of_no_or_of_too_many_neighbours_is_refused(k):
    with pytest.raises(ValueError, match="neighbours"):
        knn_overlap(GRID, GRID, k)


RAW = {
    "raw_distance_spearman": distance_spearman,
    "raw_knn_overlap": knn_overlap,
    "raw_cka": linear_cka,
}


@given(seeds, st.floats(0.01, 100.0), st.floats(-10.0, 10.0))
def test_measures_of_activations_are_blind_to_rotation_scale_and_place(seed, scale, place):
    points = GRID @ noise(seed, 2, 6) + noise(seed + 1, 81, 6)
    rotation, _ = np.linalg.qr(noise(seed + 2, 6, 6))
    for name, measure in RAW.items():
        after = measure(GRID, scale * points @ rotation + place)
        assert after == pytest.approx(measure(GRID, points), abs=1e-6), name


def test_measures_of_activations_know_which_point_is_which():
    points = GRID @ noise(0, 2, 6) + 0.1 * noise(1, 81, 6)
    kept = activation_measures(GRID, points)
    lost = activation_measures(GRID, np.random.default_rng(0).permutation(points))
    for name, measure in RAW.items():
        assert kept[name] == measure(GRID, points)
        assert 2 * abs(lost[name]) < kept[name] <= 1, name


@pytest.mark.parametrize("value", [0.0, 0.1, 1e30])
def test_activations_that_are_all_equal_have_kept_nothing(value):
    values = activation_measures(GRID, np.full((81, 16), value, np.float32))
    assert [values[name] for name in RAW] == [0.0, 0.0, 0.0]


def test_linear_r2_is_not_ruined_by_a_unit_silent_in_the_training_part() -> None:
    grid = np.stack(np.meshgrid(np.arange(9.0), np.arange(9.0), indexing="ij"), -1).reshape(-1, 2)
    silent = np.full((81, 1), 1e-6) * np.random.default_rng(0).standard_normal((81, 1))
    silent[40] = 1.0
    assert linear_r2(np.hstack([grid, silent]), grid, seed=0) > 0.9
