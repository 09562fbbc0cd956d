"""What is told of all worlds: verdicts in each, the main effects, and all seeds as one world."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import pandas as pd

from capsnet_study.claims.declarations import Claim
from capsnet_study.worlds.builtin import MAIN, SEEDS
from capsnet_study.worlds.effects import effects_of
from capsnet_study.worlds.names import changes, world_name
from capsnet_study.worlds.params import Setting, World, WorldParams
from capsnet_study.worlds.seeds import other_seeds, together
from capsnet_study.worlds.verdicts import world_verdicts


def worlds_record(
    trials: pd.DataFrame,
    settings: Mapping[str, World],
    study: Setting,
    params: WorldParams,
    claims: Iterable[Claim],
) -> dict[str, Any]:
    """Return what ``metrics/worlds.json`` holds.

    Parameters
    ----------
    trials
        One row a world, arm and trial, as `gather_worlds` gives them.
    settings
        The worlds that differ from the main study, whose blocks are `study`.

    Returns
    -------
    worlds (by name: title, changed, trials, mean exact_match by arm, claims), effects (as
    `effects_of` has them), seeds (the main study and its repetitions as one world, with their
    names and effects; None without any), and order: the names of worlds and effects as they are to
    be told, which files sort.
    """
    changed = changes(settings)
    worlds = {
        name: _world(name, changed[name], rows, claims, params.mechanism.arms)
        for name, rows in trials.groupby("world", sort=False)
    }
    others = other_seeds(settings, study)
    effects = effects_of(trials, others)
    return {
        "worlds": worlds,
        "effects": effects,
        "seeds": _all_seeds(together(trials, others, params.arms), others, claims),
        "order": {"worlds": [*worlds], "effects": [*effects]},
    }


def _world(
    name: str,
    changed: str,
    trials: pd.DataFrame,
    claims: Iterable[Claim],
    interventions: Collection[str] = (),
) -> dict[str, Any]:
    return {
        "title": world_name(name),
        "changed": changed,
        "trials": int(trials["trial"].nunique()),
        "exact_match": trials.groupby("arm", sort=False)["exact_match"].mean().to_dict(),
        "claims": world_verdicts(claims, trials, interventions),
    }


def _all_seeds(
    trials: pd.DataFrame, others: Collection[str], claims: Iterable[Claim]
) -> dict[str, Any] | None:
    if not others:
        return None
    changed = f"train.seed = {', '.join(map(str, trials['seed'].unique()))}"
    found = {name: effect["worlds"].get(MAIN) for name, effect in effects_of(trials).items()}
    return _world(SEEDS, changed, trials, claims) | {
        "others": [*others],
        "effects": {name: effect for name, effect in found.items() if effect is not None},
    }
