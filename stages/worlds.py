"""Gather all worlds, judge there the claims that they can decide, and pool the main effects."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd
import typer

from capsnet_study.claims.declarations import Claim, parse_claims
from capsnet_study.common.params import load_blocks
from capsnet_study.common.storage import read_table, read_yaml, write_json, write_table
from capsnet_study.data.params import DataParams
from capsnet_study.models.params import CapsuleParams, ModelParams
from capsnet_study.training.arms import Sweep
from capsnet_study.training.params import TrainParams
from capsnet_study.worlds.effects import effects_of
from capsnet_study.worlds.names import changes, world_name
from capsnet_study.worlds.own import MAIN, OWN_WORLDS, SEEDS, TUNED, tuned_arm
from capsnet_study.worlds.params import Setting, WorldParams
from capsnet_study.worlds.seeds import other_seeds, that_differ, together
from capsnet_study.worlds.tables import gather_worlds
from capsnet_study.worlds.verdicts import world_verdicts
from stages.recording import recorded


def main() -> None:
    """Write plots/worlds.csv and metrics/worlds.json."""
    with recorded("worlds"):
        *setting, worlds, arms, mechanism = load_blocks(
            data=DataParams,
            model=ModelParams,
            capsules=CapsuleParams,
            train=TrainParams,
            worlds=WorldParams,
            sweep=Sweep,
            mechanism=Sweep,
        )
        study = Setting(*setting)
        settings = that_differ(worlds.settings, study)
        paths = _paths(worlds, settings, mechanism)
        trained = {
            (world, arm): mechanism[tuned_arm(arm)] if world == TUNED else (arms | mechanism)[arm]
            for world, arm in paths
        }
        seeds = dict.fromkeys(OWN_WORLDS, study.train.seed)
        seeds |= {name: world.setting(study).train.seed for name, world in settings.items()}
        histories = {key: read_table(path) for key, path in paths.items()}
        trials = gather_worlds(histories, trained, seeds)
        write_table("plots/worlds.csv", trials)
        claims, changed = parse_claims(read_yaml("claims.yaml")), changes(settings)
        found = {
            name: _record(name, changed[name], rows, claims, worlds.mechanism.arms)
            for name, rows in trials.groupby("world", sort=False)
        }
        others = other_seeds(settings, study)
        record = {"worlds": found, "effects": effects_of(trials, others), "seeds": None}
        if others:
            rows = together(trials, others, worlds.arms)
            told = f"train.seed = {', '.join(map(str, rows['seed'].unique()))}"
            record["seeds"] = _record(SEEDS, told, rows, claims) | {
                "others": others,
                "effects": {
                    name: effect["worlds"][MAIN]
                    for name, effect in effects_of(rows).items()
                    if MAIN in effect["worlds"]
                },
            }
        write_json("metrics/worlds.json", record)


def _paths(
    worlds: WorldParams, settings: Iterable[str], mechanism: Sweep
) -> dict[tuple[str, str], str]:
    """Return by world and arm where the evaluations are."""
    paths = {(MAIN, arm): f"data/sweep/{arm}.csv" for arm in worlds.arms}
    paths |= {
        (TUNED, arm): f"data/mechanism/{tuned_arm(arm)}.csv"
        for arm in worlds.arms
        if tuned_arm(arm) in mechanism
    }
    paths |= {(MAIN, arm): f"data/mechanism/{arm}.csv" for arm in worlds.mechanism.arms}
    return paths | {
        (world, arm): f"data/worlds/{world}-{arm}.csv"
        for world in settings
        for arm in worlds.arms_in(world)
    }


def _record(
    name: str,
    changed: str,
    trials: pd.DataFrame,
    claims: Iterable[Claim],
    interventions: Iterable[str] = (),
) -> dict[str, Any]:
    """Return what is told of a world, with its verdicts."""
    return {
        "title": world_name(name),
        "changed": changed,
        "trials": int(trials["trial"].nunique()),
        "claims": world_verdicts(claims, trials, list(interventions)),
    }


if __name__ == "__main__":
    typer.run(main)
