"""t-SNE maps."""

import numpy as np
import pytest

from capsnet_study.faithfulness.measures import trustworthiness
from capsnet_study.representation.embedding import tsne_map
from tests.faithfulness.shapes import GRID, noise


@pytest.mark.parametrize("init", ["random", "pca"])
def test_a_plane_in_many_dimensions_is_unrolled_the_same_way_every_time(init):
    activations = (GRID @ noise(0, 2, 30)).astype(np.float32)
    first, again = (tsne_map(activations, 20.0, 0, init) for _ in range(2))
    assert first.shape == (81, 2)
    assert np.array_equal(first, again)
    assert trustworthiness(GRID, first) > 0.9


def test_random_starts_differ_by_seed():
    activations = noise(0, 81, 5)
    assert not np.array_equal(*(tsne_map(activations, 20.0, seed, "random") for seed in (0, 1)))


def test_dead_activations_map_to_one_point():
    assert np.array_equal(tsne_map(np.full((81, 16), 0.1), 20.0, 0, "pca"), np.zeros((81, 2)))


def test_activations_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match="finite"):
        tsne_map(np.full((10, 2), np.nan), 3.0, 0, "random")
