"""The main study and its repetitions on other seeds, taken as one."""

from dataclasses import astuple, replace

import numpy as np
import pandas as pd
import pytest

from capsnet_study.claims.verdicts import evaluate_claims
from capsnet_study.params import load_params
from capsnet_study.settings.builtin import tuned_arms
from capsnet_study.settings.effects import EFFECTS, effect_in, effects_of, pooled
from capsnet_study.settings.params import Blocks, Setting
from capsnet_study.settings.record import judge_settings
from capsnet_study.settings.results import (
    AllSeeds,
    EffectInSetting,
    EffectOverSettings,
    JudgedSetting,
    PooledEffect,
    SettingsResults,
)
from capsnet_study.settings.seeds import other_seeds, together
from tests.project import ROOT
from tests.tables import CLAIMS, stored

SETTINGS = {
    name: Setting(["n1", "n3"], 3, **changes)
    for name, changes in {
        "seed2": {"train": {"seed": 2}},
        "seed3": {"train": {"seed": 3}},
        "again": {"train": {"seed": 3}},
        "same": {"train": {"seed": 1}},
        "longer": {"train": {"seed": 4, "epochs": 9}},
        "images": {"train": {"seed": 5}, "own_images": True},
        "short": {"train": {"epochs": 1}},
    }.items()
}
SWEEP = ["n1", "n3"]


def study(seed: int) -> Blocks:
    """The settings of the project, with another seed of the trainings."""
    params = load_params(str(ROOT / "params.yaml"))
    train = replace(params.train, seed=seed)
    return Blocks(params.data, params.model, params.capsules, train)


def table() -> pd.DataFrame:
    """Two arms in settings of other seeds and one of another length; one more arm in main."""
    rng = np.random.default_rng(5)
    sizes = {("main", 1): 5, ("seed2", 2): 3, ("seed3", 3): 3, ("short", 1): 3}
    rows = [
        {"setting": setting, "seed": seed, "arm": arm, "trial": k, "exact_match": score}
        for (setting, seed), trials in sizes.items()
        for arm, mean in {"n1": 0.6, "n3": 0.7, "n9_late": 0.1}.items()
        for k, score in enumerate(mean + 0.01 * rng.normal(size=trials))
        if arm != "n9_late" or setting == "main"
    ]
    return pd.DataFrame(rows)


def test_only_settings_that_differ_in_the_seed_alone_repeat_the_main_study() -> None:
    assert other_seeds(SETTINGS, study(1)) == ["seed2", "seed3"]
    assert other_seeds(SETTINGS, study(2)) == ["seed3", "same"]


def test_trials_of_all_seeds_are_told_apart_and_paired() -> None:
    trials = table()
    rows = together(trials, ["seed2", "seed3"])
    assert set(rows["arm"]) == {"n1", "n3"}
    for _, own in rows.groupby("arm"):
        assert own["trial"].tolist() == list(range(11))
    found = effect_in(rows, EFFECTS["routing"])
    by_setting = {
        setting: own.set_index(["arm", "trial"])["exact_match"]
        for setting, own in trials.groupby("setting", sort=False)
    }
    gaps = pd.concat(by_setting[setting]["n3"] - by_setting[setting]["n1"] for setting in
                     ("main", "seed2", "seed3"))  # fmt: skip
    assert found.n == 11
    assert found.mean == pytest.approx(gaps.mean())
    half = (found.high - found.low) / 2
    assert half == pytest.approx(2.228139 * gaps.std() / np.sqrt(11))  # t of 10 degrees of freedom


def test_the_claims_of_all_seeds_are_judged_on_all_their_trials() -> None:
    routing = [claim for claim in CLAIMS if claim.id == "C2"]
    trials = together(table().replace({"n1": "n3", "n3": "n9"}), ["seed2", "seed3"])
    part = routing[0].model_copy(update={"parts": routing[0].parts[1:]})
    (judged,) = evaluate_claims([part], {"fitting": trials})["C2"].parts
    assert judged.n == 11


def test_other_seeds_are_one_setting_with_the_main_study() -> None:
    trials = table()
    seeds = ["seed2", "seed3"]
    wide = trials.pivot_table("exact_match", ["setting", "seed", "trial"], "arm").reset_index()
    paired = pd.DataFrame(
        {
            "setting": wide["setting"].replace(dict.fromkeys(seeds, "main")),
            "start": wide["seed"] * 10 + wide["trial"],
            "difference": wide["n3"] - wide["n1"],
        }
    )
    found, expected = effects_of(trials, seeds)["routing"].pooled, pooled(paired)
    assert astuple(found) == pytest.approx(astuple(expected), abs=1e-6)
    apart = effects_of(trials)["routing"].pooled
    assert astuple(found) != pytest.approx(astuple(apart), abs=1e-6)
    main = trials[trials["setting"] != "short"]
    assert effects_of(main, seeds)["routing"].pooled is None


def test_over_settings_a_start_is_a_trial_of_a_seed() -> None:
    trials = table()
    renamed = trials.assign(seed=trials["seed"].map({1: 7, 2: 8, 3: 9}))
    shared = trials.assign(seed=1)
    found, same, other = (effects_of(one)["routing"].pooled for one in (trials, renamed, shared))
    assert found == same
    assert found != other


def test_the_record_of_all_seeds_has_the_arms_and_trials_of_all() -> None:
    settings = {name: SETTINGS[name] for name in ("seed2", "seed3", "short")}
    results = judge_settings(table(), settings, study(1), SWEEP, [])
    seeds = results.seeds
    assert (seeds.trials, seeds.changed) == (11, "train.seed = 1, 2, 3")
    assert seeds.others == ["seed2", "seed3"]
    assert list(seeds.exact_match) == ["n1", "n3"]
    assert {name: effect.n for name, effect in seeds.effects.items()} == {"routing": 11}
    assert {name: one.trials for name, one in results.settings.items()} == {
        "main": 5, "seed2": 3, "seed3": 3, "short": 3
    }  # fmt: skip
    alone = table().query("setting in ('main', 'short')")
    assert judge_settings(alone, {"short": SETTINGS["short"]}, study(1), SWEEP, []).seeds is None


def test_all_seeds_are_shown_as_one_more_setting() -> None:
    one, all_ = (EffectInSetting(0.1, n, 0.0, 0.2, share_above=0.9) for n in (5, 8))
    effects = {
        "routing": EffectOverSettings(
            "", {"main": one, "images": one}, PooledEffect(0.1, 0.0, 0.2)
        ),
        "soft": EffectOverSettings("", {}),
    }
    settings = {
        "main": JudgedSetting("main study", "", 5, {}, {}),
        "images": JudgedSetting("own images", "own", 3, {}, {}),
    }
    seeds = AllSeeds("all", "seeds", 8, {}, {}, ["seed2"], {"routing": all_})
    results = SettingsResults(settings, effects, seeds)
    shown = results.with_all_seeds()
    assert shown.settings == {"main": settings["main"], "seeds": seeds, **settings}
    assert list(shown.settings) == ["main", "seeds", "images"]
    assert list(shown.effects["routing"].settings.items()) == [
        ("main", one), ("seeds", all_), ("images", one)
    ]  # fmt: skip
    assert shown.effects["soft"] == effects["soft"]
    alone = SettingsResults(settings, effects)
    assert alone.with_all_seeds() == alone


def test_settings_and_effects_come_back_from_their_file_in_order() -> None:
    settings = {name: SETTINGS[name] for name in ("seed2", "seed3", "short")}
    results = judge_settings(table(), settings, study(1), SWEEP, [])
    again = stored(results, SettingsResults)
    main = table().query("setting == 'main'").groupby("arm")["exact_match"].mean()
    assert results.settings["main"].exact_match == pytest.approx(main.to_dict())
    assert list(again.settings) == ["main", *settings]
    assert list(again.effects) == list(EFFECTS)
    assert list(again.effects["routing"].settings) == ["main", *settings]


def test_results_of_single_trials_come_back_from_their_file() -> None:
    single = table().query("trial == 0 and setting in ('main', 'short')")
    results = judge_settings(single, {"short": SETTINGS["short"]}, study(1), SWEEP, [])
    again = stored(results, SettingsResults)
    effect = again.effects["routing"].settings["main"]
    assert (effect.n, effect.low, effect.high) == (1, None, None)


def test_tuned_arms_are_those_of_the_sweep_but_for_rate_and_gain() -> None:
    params = load_params(str(ROOT / "params.yaml"))
    assert tuned_arms(params.sweep, params.ablations) == {
        "n1": "n1_tuned", "n3": "n3_tuned", "n9": "n9_tuned", "cnn": "cnn_tuned"
    }  # fmt: skip
    decayed = {"n3_decay": replace(params.sweep["n3"], weight_decay=0.1)}
    assert tuned_arms(params.sweep, decayed) == {}
