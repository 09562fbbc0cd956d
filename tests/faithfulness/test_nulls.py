"""The null bands, and why the Chamfer distance alone decides nothing."""

import numpy as np
import pytest

from capsnet_study.faithfulness.chamfer import chamfer_conventions
from capsnet_study.faithfulness.nulls import null_bands
from tests.faithfulness.shapes import GRID


@pytest.fixture(scope="module")
def bands():
    return null_bands(GRID, 100, np.random.default_rng(0))


def test_disparity_sees_what_chamfer_does_not(bands):
    disparity = bands["procrustes_disparity"]
    assert disparity["shuffled"]["low"] > 0.9
    assert disparity["rotated_30"]["mean"] == pytest.approx(0.0, abs=1e-12)
    assert disparity["perfect"]["high"] == pytest.approx(0.0, abs=1e-12)


def test_the_band_of_noise_holds_95_of_100_maps_of_the_same_generator(bands):
    rng = np.random.default_rng(0)  # noise is drawn first
    drawn = [chamfer_conventions(GRID, rng.standard_normal(GRID.shape)) for _ in range(100)]
    for measure in drawn[0]:
        values = [found[measure] for found in drawn]
        ends = [bands[measure]["noise"][end] for end in ("low", "mean", "high")]
        low, high = np.quantile(values, [0.025, 0.975])
        assert ends == pytest.approx([low, np.mean(values), high])
