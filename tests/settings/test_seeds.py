"""The main study and its repetitions on other seeds, taken as one."""

from dataclasses import astuple, replace

import numpy as np
import pandas as pd
import pytest

from capsnet_study.params import load_params
from capsnet_study.settings.builtin import builtin_setting, tuned_versions
from capsnet_study.settings.effects import EFFECTS, effect_in, effects_of, pooled
from capsnet_study.settings.params import Blocks, Setting
from capsnet_study.settings.record import judge_settings
from capsnet_study.settings.results import SettingsResults
from capsnet_study.settings.seeds import other_seeds, together
from tests.project import ROOT
from tests.tables import stored

PARAMS = load_params(str(ROOT / "params.yaml"))
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
SEEDS = ["seed2", "seed3"]
SWEEP = ["n1", "n3"]


def study(seed: int) -> Blocks:
    """Return the blocks of the project, with another seed of the trainings."""
    return PARAMS.main_blocks._replace(train=replace(PARAMS.train, seed=seed))


def table() -> pd.DataFrame:
    """Return two arms in settings of other seeds and another length; one more arm in main."""
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


def judged(trials: pd.DataFrame, *names: str) -> SettingsResults:
    return judge_settings(trials, {name: SETTINGS[name] for name in names}, study(1), SWEEP, [])


def test_only_settings_that_differ_in_the_seed_alone_repeat_the_main_study() -> None:
    assert other_seeds(SETTINGS, study(1)) == SEEDS
    assert other_seeds(SETTINGS, study(2)) == ["seed3", "same"]


def test_trials_of_all_seeds_are_numbered_anew_and_paired() -> None:
    trials = table()
    rows = together(trials, SEEDS)
    assert set(rows["arm"]) == {"n1", "n3"}
    for _, own in rows.groupby("arm"):
        assert own["trial"].tolist() == list(range(11))
    wide = trials.pivot_table("exact_match", ["setting", "trial"], "arm")
    gaps = (wide["n3"] - wide["n1"]).loc[["main", *SEEDS]]
    found = effect_in(rows, EFFECTS["routing"])
    assert (found.n, found.mean) == (11, pytest.approx(gaps.mean()))
    half = (found.high - found.low) / 2
    assert half == pytest.approx(2.228139 * gaps.std() / np.sqrt(11))  # t of 10 degrees of freedom


def test_over_settings_all_seeds_are_one_and_a_start_is_a_trial_of_a_seed() -> None:
    trials = table()
    wide = trials.pivot_table("exact_match", ["setting", "seed", "trial"], "arm").reset_index()
    paired = pd.DataFrame(
        {
            "setting": wide["setting"].replace(dict.fromkeys(SEEDS, "main")),
            "start": wide["seed"] * 10 + wide["trial"],
            "difference": wide["n3"] - wide["n1"],
        }
    )
    found, expected = effects_of(trials, SEEDS)["routing"].pooled, pooled(paired)
    assert astuple(found) == pytest.approx(astuple(expected), abs=1e-6)
    assert found != effects_of(trials)["routing"].pooled
    assert found != effects_of(trials.assign(seed=1), SEEDS)["routing"].pooled
    main = trials[trials["setting"] != "short"]
    assert effects_of(main, SEEDS)["routing"].pooled is None


def test_the_record_of_all_seeds_has_the_arms_and_trials_of_all() -> None:
    results = judged(table(), *SEEDS, "short")
    seeds = results.seeds
    assert (seeds.trials, seeds.changed) == (11, "train.seed = 1, 2, 3")
    assert (seeds.others, list(seeds.exact_match)) == (SEEDS, ["n1", "n3"])
    assert {name: effect.n for name, effect in seeds.effects.items()} == {"routing": 11}
    sizes = {name: one.trials for name, one in results.settings.items()}
    assert sizes == {"main": 5, "seed2": 3, "seed3": 3, "short": 3}
    alone = judged(table().query("setting in ('main', 'short')"), "short")
    assert alone.seeds is None and alone.with_all_seeds() == alone


def test_all_seeds_are_shown_as_one_more_setting_after_the_main_study() -> None:
    results = judged(table(), *SEEDS, "short")
    shown = results.with_all_seeds()
    assert list(shown.settings) == ["main", "seeds", *SEEDS, "short"]
    assert shown.settings["seeds"] is results.seeds
    routing = shown.effects["routing"].settings
    assert list(routing) == ["main", "seeds", *SEEDS, "short"]
    assert routing["seeds"] == results.seeds.effects["routing"]
    assert shown.effects["soft"] == results.effects["soft"]


def test_settings_and_effects_come_back_from_their_file_in_order() -> None:
    again = stored(judged(table(), *SEEDS, "short"), SettingsResults)
    assert list(again.settings) == ["main", *SEEDS, "short"]
    assert list(again.effects) == list(EFFECTS)
    single = table().query("trial == 0 and setting in ('main', 'short')")
    effect = stored(judged(single, "short"), SettingsResults).effects["routing"].settings["main"]
    assert (effect.n, effect.low, effect.high) == (1, None, None)


def test_tuned_arms_are_versions_of_the_arm_that_they_are_without_what_was_chosen() -> None:
    usual = PARAMS.sweep["n3"]
    arms = {
        "n3": usual,
        "tuned": replace(usual, lr=0.1, init_gain=1.0, trials=3),
        "decay": replace(usual, lr=0.1, weight_decay=0.1),
        "other": replace(usual, n_iter=9, lr=0.1),
        "gain": replace(usual, init_gain=1.0),
    }
    assert tuned_versions(arms) == {"tuned": "n3", "decay": "n3"}
    assert builtin_setting(arms["tuned"]) == "tuned"
    assert builtin_setting(arms["decay"]) == "decay"
