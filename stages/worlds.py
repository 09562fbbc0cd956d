"""Gather all worlds, judge there the claims that they can decide, and pool the main effects."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from capsnet_study.claims.declarations import parse_claims
from capsnet_study.common.params import load_blocks
from capsnet_study.common.storage import read_table, read_yaml, write_json, write_table
from capsnet_study.data.params import DataParams
from capsnet_study.models.params import CapsuleParams, ModelParams
from capsnet_study.training.arms import Sweep
from capsnet_study.training.history import EVALUATED
from capsnet_study.training.params import TrainParams
from capsnet_study.worlds.builtin import BUILTIN_WORLDS, MAIN, TUNED, tuned_arm
from capsnet_study.worlds.params import Setting, World, WorldParams
from capsnet_study.worlds.record import worlds_record
from capsnet_study.worlds.seeds import that_differ
from capsnet_study.worlds.tables import gather_worlds
from stages import run_command
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
        trials = read_trials(settings, study, worlds, arms, mechanism)
        write_table("plots/worlds.csv", trials)
        claims = parse_claims(read_yaml("claims.yaml"))
        write_json("metrics/worlds.json", worlds_record(trials, settings, study, worlds, claims))


def read_trials(
    settings: Mapping[str, World],
    study: Setting,
    worlds: WorldParams,
    arms: Sweep,
    mechanism: Sweep,
) -> pd.DataFrame:
    """Return all trials of the main study, of tuned arms and of other settings."""
    paths = {(MAIN, arm): f"data/sweep/{arm}.csv" for arm in worlds.arms}
    paths |= {
        (TUNED, arm): f"data/mechanism/{tuned_arm(arm)}.csv"
        for arm in worlds.arms
        if tuned_arm(arm) in mechanism
    }
    paths |= {(MAIN, arm): f"data/mechanism/{arm}.csv" for arm in worlds.mechanism.arms}
    paths |= {
        (world, arm): f"data/worlds/{world}-{arm}.csv"
        for world in settings
        for arm in worlds.arms_in(world)
    }
    trained = {
        (world, arm): mechanism[tuned_arm(arm)] if world == TUNED else (arms | mechanism)[arm]
        for world, arm in paths
    }
    seeds = dict.fromkeys(BUILTIN_WORLDS, study.train.seed)
    seeds |= {name: world.setting(study).train.seed for name, world in settings.items()}
    histories = {key: read_table(path, *EVALUATED) for key, path in paths.items()}
    return gather_worlds(histories, trained, seeds)


if __name__ == "__main__":
    run_command(main)
