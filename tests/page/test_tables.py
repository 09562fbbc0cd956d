"""What the charts draw: means, spreads, differences paired by trial, maps and images."""

from base64 import b64decode
from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from capsnet_study.page.tables import (
    ALONE,
    DIFFERENCE,
    POOLED,
    curve_table,
    effect_table,
    image_table,
    map_table,
)
from capsnet_study.settings.results import (
    EffectInSetting,
    EffectOverSettings,
    JudgedSetting,
    PooledEffect,
    SettingsResults,
)
from capsnet_study.stats import t_interval
from tests.tables import fitting, manifold, maps, offsets, some_arms

ARMS = some_arms("n1", "n3", "cnn")
MAIN = EffectInSetting(0.02, 5, 0.01, 0.03, share_above=0.9)
WIDE = EffectInSetting(0.04, 1, None, None, share_above=1.0)
POOL = PooledEffect(0.03, -0.01, 0.07)
SETTINGS = SettingsResults(
    {name: JudgedSetting(name, "", 5, {}, {}) for name in ("main", "wide")},
    {
        "routing": EffectOverSettings("routing", {"main": MAIN, "wide": WIDE}, POOL),
        "many": EffectOverSettings("many iterations", {"main": MAIN}),
    },
)


def test_curves_have_a_standard_deviation_and_paired_differences_a_t_interval() -> None:
    evaluations = fitting(ARMS).sample(frac=1, random_state=0)  # in any order
    table = curve_table(evaluations, ARMS).query("arm == 'n = 1' and step == 64")
    at_step = evaluations.query("step == 64").pivot(
        index="trial", columns="arm", values="exact_match"
    )
    values, paired = (
        100 * at_step["n1"],
        t_interval(100 * (at_step["n1"] - at_step["n3"]).to_numpy()),
    )
    found = table.query("measure == 'exact match (%)'").set_index("view")[["low", "mean", "high"]]
    mean, spread = values.mean(), values.std()
    assert found.loc[ALONE].tolist() == pytest.approx(
        [mean - spread, mean, mean + spread], abs=1e-3
    )
    ends = [paired.low, paired.mean, paired.high]
    assert found.loc[DIFFERENCE].tolist() == pytest.approx(ends, abs=1e-3)
    assert set(table["trials"]) == {3}


def test_cnns_have_no_entropy_and_one_trial_no_spread() -> None:
    table = curve_table(fitting(ARMS, trials=1), ARMS)
    assert set(table.loc[table["measure"].str.contains("entropy"), "arm"]) == {"n = 1", "n = 3"}
    assert (table["low"] == table["mean"]).all() and (table["high"] == table["mean"]).all()


def test_effects_fall_from_setting_to_setting_and_the_pooled_one_is_last() -> None:
    table = effect_table(SETTINGS).set_index("effect")
    routing = table.loc["routing"]
    assert routing["setting"].tolist() == ["wide", "main", POOLED]
    ends = [[4, 4, 4], [2, 1, 3], [3, -1, 7]]
    assert routing[["mean", "low", "high"]].to_numpy().tolist() == ends
    assert table.loc[["many iterations"], "setting"].tolist() == ["main"]


def test_maps_are_aligned_with_the_grid() -> None:
    grid = maps(["capsnet", "pixels"], ["3-5"])
    turned = grid.assign(x=-grid["y"], y=grid["x"])
    table = map_table(turned, manifold(), ["capsnet", "pixels"], ["3-5"])
    steps = table.groupby("model")[["dc", "x", "dr", "y"]].corr()
    assert steps.xs("x", level=1)["dc"].to_numpy() == pytest.approx(1)
    assert steps.xs("y", level=1)["dr"].to_numpy() == pytest.approx(-1)  # rows go downwards
    assert table["colour"].nunique() == 81
    words = table.groupby("model")["words"].first()
    assert "2 trials" in words["capsnet"] and "trials" not in words["pixels"]


def test_the_map_is_that_of_the_trial_with_the_median_disparity() -> None:
    maps_of_trials = pd.concat(maps(["capsnet"], ["3-5"]).assign(trial=trial) for trial in range(3))
    facts = {"model": "capsnet", "pair": "3-5", "trial": [0, 1, 2]}
    measured = pd.DataFrame(facts | {"procrustes_disparity": [0.3, 0.1, 0.2]})
    table = map_table(maps_of_trials, measured, ["capsnet"], ["3-5"])
    assert set(table["trial"]) == {2} and len(table) == 81


def test_images_are_those_of_their_shifts_dark_on_white() -> None:
    images = np.tile(np.arange(81, dtype=np.uint8)[:, None, None], (1, 36, 36))
    table = image_table("7-8", images, offsets())
    (uri,) = table.query("dr == -4 and dc == -2")["image"]
    pixels = np.asarray(Image.open(BytesIO(b64decode(uri.partition(",")[2]))))
    assert pixels.shape == (36, 36) and (pixels == 255 - 2).all()
