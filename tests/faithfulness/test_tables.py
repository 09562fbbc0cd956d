"""Tables of the representation study, of maps whose measures are known."""

import numpy as np
import pandas as pd
import pytest

from capsnet_study.faithfulness.measures import activation_measures, map_measures
from capsnet_study.faithfulness.tables import (
    at_perplexity,
    first_maps,
    measure_maps,
    sensitivity,
    summarise_models,
)
from tests.faithfulness.shapes import GRID, noise

PAIRS = ["7-8", "3-5", "0-1"]
PERPLEXITIES = [20.0, 10.0]


def test_each_row_has_the_measures_of_its_map_and_of_its_activations():
    maps = np.array([noise(k) for k in range(12)]).reshape(1, 3, 2, 2, 81, 2)
    maps = np.concatenate([maps, GRID + 2 * maps])  # trials, pairs, perplexities, seeds
    activations = np.array([[GRID @ noise(k, 2, 5) + noise(k, 81, 5) for k in range(3)]] * 2)
    activations[1] += noise(7, 81, 5)
    table = measure_maps(maps, activations, GRID, PAIRS, PERPLEXITIES)
    facts = ["trial", "pair", "perplexity", "seed"]
    assert len(table) == len(table[facts].drop_duplicates()) == 2 * 3 * 2 * 2
    for trial, pair, perplexity, seed in ((0, 0, 0, 0), (1, 2, 0, 1), (1, 0, 1, 0), (0, 1, 1, 1)):
        expected = map_measures(GRID, maps[trial, pair, perplexity, seed])
        expected |= activation_measures(GRID, activations[trial, pair])
        place = [trial, PAIRS[pair], PERPLEXITIES[perplexity], seed]
        (row,) = table[(table[facts] == place).all(axis=1)].to_dict("records")
        assert {name: row[name] for name in expected} == pytest.approx(expected)
        assert row.keys() == expected.keys() | set(facts)


@pytest.fixture
def hand_made():
    """One trial of two pairs, two perplexities, two seeds; the value counts up."""
    index = pd.MultiIndex.from_product(
        [[0], ["7-8", "3-5"], [20.0, 10.0], [0, 1]],
        names=["trial", "pair", "perplexity", "seed"],
    )
    return pd.DataFrame({"chamfer": np.arange(8.0)}, index=index).reset_index()


def test_the_main_table_is_at_one_perplexity_with_means_over_seeds(hand_made):
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


def test_models_are_summarised_by_mean_and_variance(hand_made):
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
    for index, pair in enumerate(PAIRS):
        chosen = points[points["pair"] == pair]
        assert np.array_equal(chosen[["dr", "dc"]], GRID)
        assert np.array_equal(chosen[["x", "y"]], maps[0, index, 0, 0])
