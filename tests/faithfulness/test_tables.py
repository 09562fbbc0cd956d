"""The representation study on maps whose measures are known."""

import numpy as np
import pandas as pd
import pytest

from capsnet_study.faithfulness.tables import (
    at_perplexity,
    first_maps,
    measure_maps,
    sensitivity,
    summarise_models,
)
from tests.faithfulness.shapes import GRID, noise, similar

MEASURES = [
    "chamfer_zscore",
    "chamfer_unit_box",
    "chamfer_procrustes",
    "procrustes_disparity",
    "trustworthiness",
    "continuity",
    "distance_spearman",
    "linear_r2",
]
RAW = ["raw_distance_spearman", "raw_knn_overlap", "raw_cka"]
PERFECT = dict(zip(MEASURES, [0, 0, 0, 0, 1, 1, 1, 1], strict=True))
PAIRS = ["7-8", "3-5", "0-1"]
PERPLEXITIES = [20.0, 10.0]


@pytest.fixture(scope="module")
def perfect():
    """Two trials, three sets: each map is the grid, each activation linear in the shift."""
    maps = np.broadcast_to(GRID, (2, 3, 2, 2, 81, 2)).copy()
    activations = np.stack(
        [np.stack([GRID @ noise(t + s, 2, 5) for s in range(3)]) for t in (0, 1)]
    )
    return maps, activations


@pytest.fixture(scope="module")
def measured(perfect):
    return measure_maps(*perfect, GRID, PAIRS, PERPLEXITIES)


def test_a_row_a_trial_pair_perplexity_and_seed(measured):
    assert set(measured) == {"trial", "pair", "perplexity", "seed", *MEASURES, *RAW}
    facts = measured[["trial", "pair", "perplexity", "seed"]]
    assert len(facts) == len(facts.drop_duplicates()) == 2 * 3 * 2 * 2
    assert set(facts["perplexity"]) == set(PERPLEXITIES)


def test_perfect_maps_have_perfect_measures(measured):
    for name, value in PERFECT.items():
        np.testing.assert_allclose(measured[name], value, atol=1e-3)


def test_measures_of_activations_need_no_map(perfect):
    """The grid as activations earns 1 beside maps of noise, in every row of its trial and pair."""
    maps, activations = perfect
    activations = activations.copy()
    activations[1, 0] = np.hstack([GRID, np.zeros((81, 3))])
    found = measure_maps(noise(0, maps.size // 2).reshape(maps.shape), activations, GRID,
                          PAIRS, PERPLEXITIES)  # fmt: skip
    chosen = (found["trial"] == 1) & (found["pair"] == "7-8")
    np.testing.assert_allclose(found.loc[chosen, RAW], 1.0, atol=1e-12)
    assert chosen.sum() == 4 and (found.loc[~chosen, RAW] < 1 - 1e-6).all(axis=None)


def test_a_map_that_is_turned_moved_and_scaled_is_as_faithful(perfect):
    maps, activations = perfect
    turned = similar(GRID, 0.4, 3.0, mirror=True)
    found = measure_maps(
        np.broadcast_to(turned, maps.shape).copy(), activations, GRID, PAIRS, PERPLEXITIES
    )
    for name in ("chamfer_procrustes", "procrustes_disparity", "trustworthiness", "continuity"):
        np.testing.assert_allclose(found[name], PERFECT[name], atol=1e-3)
    assert (found["chamfer_zscore"] > 0.1).all()


def test_each_map_is_measured_under_its_own_name(perfect):
    """One map of noise among perfect ones, one set of activations of noise."""
    maps, activations = (part.copy() for part in perfect)
    maps[1, 2, 0, 1] = noise(0)
    activations[0, 1] = noise(1, 81, 5)
    found = measure_maps(maps, activations, GRID, PAIRS, PERPLEXITIES)
    facts = ["trial", "pair", "perplexity", "seed"]
    (wrong,) = found.loc[found["trustworthiness"] < 0.9, facts].itertuples(index=False)
    assert tuple(wrong) == (1, "0-1", 20.0, 1)
    unlinear = found.loc[found["linear_r2"] < 0.5]
    assert set(unlinear["trial"]) == {0} and set(unlinear["pair"]) == {"3-5"}
    assert len(unlinear) == 4


@pytest.fixture
def hand_made():
    """One trial of two pairs, two perplexities, two seeds; the value counts up."""
    index = pd.MultiIndex.from_product(
        [[0], ["7-8", "3-5"], [20.0, 10.0], [0, 1]],
        names=["trial", "pair", "perplexity", "seed"],
    )
    return pd.DataFrame({"chamfer": np.arange(8.0)}, index=index).reset_index()


def test_the_table_is_at_one_perplexity_and_the_mean_over_seeds(hand_made):
    table = at_perplexity(hand_made, 20.0)
    assert list(table) == ["trial", "pair", "chamfer"]
    assert table["chamfer"].tolist() == [0.5, 4.5]
    assert table["pair"].tolist() == ["7-8", "3-5"]


def test_sensitivity_is_over_trials_pairs_and_seeds(hand_made):
    found = sensitivity(hand_made)
    assert list(found) == ["perplexity", "measure", "mean", "std"]
    assert found["perplexity"].tolist() == [20.0, 10.0]
    row = found.iloc[1]
    assert row["measure"] == "chamfer"
    assert row["mean"] == pytest.approx(np.mean([2, 3, 6, 7]))
    assert row["std"] == pytest.approx(np.std([2, 3, 6, 7], ddof=1))


def test_the_record_of_the_models(hand_made):
    table = at_perplexity(hand_made, 20.0)
    both = pd.concat({"capsnet": table, "cnn": table.assign(chamfer=[1.0, 2.0])}, names=["model"])
    assert summarise_models(both.reset_index("model")) == {
        "capsnet": {"chamfer": {"mean": 2.5, "variance": 8.0, "n": 2}},
        "cnn": {"chamfer": {"mean": 1.5, "variance": 0.5, "n": 2}},
    }


def test_the_first_maps_are_those_of_trial_0_at_the_main_perplexity():
    maps = np.random.default_rng(0).random((2, 3, 2, 2, 81, 2))
    points = first_maps(maps, GRID, PAIRS)
    assert list(points) == ["pair", "dr", "dc", "x", "y"]
    assert len(points) == 3 * 81
    for index, pair in enumerate(PAIRS):
        chosen = points[points["pair"] == pair]
        assert np.array_equal(chosen[["dr", "dc"]], GRID)
        assert np.array_equal(chosen[["x", "y"]], maps[0, index, 0, 0])
