"""The record of all settings: verdicts in each, the main effects, all seeds as one setting."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import pandas as pd

from capsnet_study.claims.declarations import Claim
from capsnet_study.settings.builtin import MAIN, SEEDS
from capsnet_study.settings.effects import effects_of
from capsnet_study.settings.names import changes, setting_name
from capsnet_study.settings.params import Blocks, Setting
from capsnet_study.settings.seeds import other_seeds, together
from capsnet_study.settings.verdicts import setting_verdicts


def settings_record(
    trials: pd.DataFrame,
    settings: Mapping[str, Setting],
    study: Blocks,
    sweep: Collection[str],
    claims: Iterable[Claim],
) -> dict[str, Any]:
    """Return what ``metrics/settings.json`` holds.

    Parameters
    ----------
    trials
        One row per setting, arm and trial, as `gather_settings` returns them.
    settings
        The settings of params.yaml beside the main study, whose blocks are `study`.
    sweep
        The arms of the sweep; claims of the table `fitting` are judged on no others.

    Returns
    -------
    settings (by name: title, changed, trials, mean exact_match by arm, claims), effects (as
    `effects_of` has them) and seeds (the main study and its repetitions as one setting, with their
    names and effects; None without any).
    """
    changed = changes(settings)
    judged = {
        name: _setting(name, changed[name], rows, claims, set(rows["arm"]) - set(sweep))
        for name, rows in trials.groupby("setting", sort=False)
    }
    others = other_seeds(settings, study)
    effects = effects_of(trials, others)
    return {
        "settings": judged,
        "effects": effects,
        "seeds": _all_seeds(together(trials, others), others, claims),
    }


def _setting(
    name: str,
    changed: str,
    trials: pd.DataFrame,
    claims: Iterable[Claim],
    interventions: Collection[str] = (),
) -> dict[str, Any]:
    return {
        "title": setting_name(name),
        "changed": changed,
        "trials": int(trials["trial"].nunique()),
        "exact_match": trials.groupby("arm", sort=False)["exact_match"].mean().to_dict(),
        "claims": setting_verdicts(claims, trials, interventions),
    }


def _all_seeds(
    trials: pd.DataFrame, others: Collection[str], claims: Iterable[Claim]
) -> dict[str, Any] | None:
    if not others:
        return None
    changed = f"train.seed = {', '.join(map(str, trials['seed'].unique()))}"
    found = {name: effect["settings"].get(MAIN) for name, effect in effects_of(trials).items()}
    return _setting(SEEDS, changed, trials, claims) | {
        "others": [*others],
        "effects": {name: effect for name, effect in found.items() if effect is not None},
    }
