"""The null bands, and why the Chamfer distance alone decides nothing (design 2)."""

import numpy as np
import pytest

from capsnet_study.faithfulness.chamfer import chamfer_conventions
from capsnet_study.faithfulness.nulls import null_bands
from tests.faithfulness.shapes import GRID


@pytest.fixture(scope="module")
def bands():
    return null_bands(GRID, 100, np.random.default_rng(0))


def test_every_measure_has_every_kind(bands):
    measures = ["chamfer_zscore", "chamfer_unit_box", "chamfer_procrustes", "procrustes_disparity"]
    assert list(bands) == measures
    for kinds in bands.values():
        assert list(kinds) == ["noise", "shuffled", "rotated_30", "perfect"]
        for band in kinds.values():
            assert band["low"] <= band["mean"] + 1e-12 and band["mean"] <= band["high"] + 1e-12


def test_chamfer_is_blind_to_identity_and_penalises_a_turn(bands):
    zscore = {kind: band["mean"] for kind, band in bands["chamfer_zscore"].items()}
    assert zscore["shuffled"] == pytest.approx(0.0, abs=1e-12)
    assert zscore["rotated_30"] == pytest.approx(0.37, abs=0.01)
    assert zscore["noise"] == pytest.approx(0.45, abs=0.02)


def test_disparity_sees_what_chamfer_does_not(bands):
    disparity = bands["procrustes_disparity"]
    assert disparity["shuffled"]["low"] > 0.9
    assert disparity["rotated_30"]["mean"] == pytest.approx(0.0, abs=1e-12)
    assert disparity["perfect"]["high"] == pytest.approx(0.0, abs=1e-12)


def test_the_band_of_noise_holds_95_of_100_maps(bands):
    rng = np.random.default_rng(0)  # noise is drawn first
    drawn = [chamfer_conventions(GRID, rng.standard_normal(GRID.shape)) for _ in range(100)]
    for measure in ("chamfer_zscore", "chamfer_unit_box", "chamfer_procrustes"):
        values = [found[measure] for found in drawn]
        ends = [bands[measure]["noise"][end] for end in ("low", "high")]
        assert ends == pytest.approx(np.quantile(values, [0.025, 0.975]))


def test_the_same_generator_gives_the_same_bands(bands):
    assert null_bands(GRID, 100, np.random.default_rng(0)) == bands
