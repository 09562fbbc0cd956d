"""Effects in settings, and over settings."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t as student

from capsnet_study.settings.effects import EFFECTS, effects_of, pooled, share_above
from capsnet_study.settings.mixed import mixed_mean

shares = st.lists(st.sampled_from([0.1, 0.2, 0.3, 0.4]), min_size=1, max_size=6)


@given(shares, shares)
def test_share_above_counts_pairs_and_ties_half(left: list[float], right: list[float]) -> None:
    expected = np.mean([(x > y) + (x == y) / 2 for x in left for y in right])
    assert share_above(np.array(left), np.array(right)) == pytest.approx(expected)


def test_the_interval_has_the_degrees_of_freedom_of_the_settings() -> None:
    rng = np.random.default_rng(3)
    effects = 0.03 + rng.normal(0, 0.02, (7, 1)) + rng.normal(0, 0.01, (7, 5))
    settings, starts = (index.ravel() for index in np.indices(effects.shape))
    mean, error = mixed_mean(effects.ravel(), [settings, starts])
    half = student.ppf(0.975, 6) * error
    table = pd.DataFrame({"setting": settings, "start": starts, "difference": effects.ravel()})
    found = pooled(table)
    assert (found.mean, found.low, found.high) == pytest.approx((mean, mean - half, mean + half))
    assert pooled(table[table["setting"] == 0]) is None


def trials(setting: str, **scores: list[float]) -> pd.DataFrame:
    rows = [
        {"setting": setting, "seed": 1, "arm": arm, "trial": k, "exact_match": score}
        for arm, values in scores.items()
        for k, score in enumerate(values)
    ]
    return pd.DataFrame(rows)


def test_each_effect_is_the_difference_that_its_title_names() -> None:
    means = {"n1": 0.66, "n3": 0.75, "n9": 0.70, "n6_eta0p01": 0.68, "n6_eta1": 0.74, "cnn": 0.60}
    found = effects_of(trials("main", **{arm: [mean, mean] for arm, mean in means.items()}))
    assert {name: one.settings["main"].mean for name, one in found.items()} == pytest.approx(
        {"routing": 0.09, "many": -0.05, "soft": -0.06, "capsules": 0.15, "uniform": 0.06}
    )


def test_effects_are_paired_by_trial_and_left_out_where_an_arm_is_missing() -> None:
    table = pd.concat(
        [
            trials("main", n1=[0.5, 0.6, 0.4], n3=[0.6, 0.7], n9=[0.5, 0.5]),
            trials("short", n1=[0.3, 0.2], n3=[0.35, 0.27]),
        ]
    )
    found = effects_of(table)
    assert set(found) == set(EFFECTS)
    routing = found["routing"].settings
    assert (routing["main"].mean, routing["main"].n) == (pytest.approx(0.1), 2)
    assert routing["main"].share_above == pytest.approx(5.5 / 6)
    assert routing["short"].mean == pytest.approx(0.06)
    assert found["routing"].pooled.low < 0.08 < found["routing"].pooled.high
    assert list(found["many"].settings) == ["main"] and found["many"].pooled is None
    assert found["capsules"].settings == {}
