"""All settings judged: verdicts in each, the main effects, all seeds as one setting."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import pandas as pd

from capsnet_study.claims.declarations import Claim
from capsnet_study.settings.builtin import MAIN, SEEDS
from capsnet_study.settings.effects import effects_of
from capsnet_study.settings.names import changes, setting_name
from capsnet_study.settings.params import Blocks, Setting
from capsnet_study.settings.results import AllSeeds, JudgedSetting, SettingsResults
from capsnet_study.settings.seeds import other_seeds, together
from capsnet_study.settings.verdicts import setting_verdicts


def judge_settings(
    trials: pd.DataFrame,
    settings: Mapping[str, Setting],
    study: Blocks,
    sweep: Collection[str],
    claims: Iterable[Claim],
) -> SettingsResults:
    """Judge claims and effects in all settings.

    Parameters
    ----------
    trials
        One row per setting, arm and trial, as `gather_settings` returns them.
    settings
        The settings of params.yaml beside the main study, whose blocks are `study`.
    sweep
        The arms of the sweep; claims of the table `fitting` are judged on no others.
    """
    changed = changes(settings)
    judged = {
        name: _judge_setting(name, changed[name], rows, claims, sweep)
        for name, rows in trials.groupby("setting", sort=False)
    }
    others = other_seeds(settings, study)
    seeds = _judge_all_seeds(together(trials, others), others, claims, sweep) if others else None
    return SettingsResults(judged, effects_of(trials, others), seeds)


def _judge_setting(
    name: str,
    changed: str,
    trials: pd.DataFrame,
    claims: Iterable[Claim],
    sweep: Collection[str],
) -> JudgedSetting:
    return JudgedSetting(
        title=setting_name(name),
        changed=changed,
        trials=int(trials["trial"].nunique()),
        exact_match=trials.groupby("arm", sort=False)["exact_match"].mean().to_dict(),
        claims=setting_verdicts(claims, trials, sweep),
    )


def _judge_all_seeds(
    trials: pd.DataFrame,
    others: list[str],
    claims: Iterable[Claim],
    sweep: Collection[str],
) -> AllSeeds:
    changed = f"train.seed = {', '.join(map(str, trials['seed'].unique()))}"
    judged = _judge_setting(SEEDS, changed, trials, claims, sweep)
    effects = {
        name: effect.settings[MAIN]
        for name, effect in effects_of(trials).items()
        if MAIN in effect.settings
    }
    return AllSeeds(**vars(judged), others=others, effects=effects)
