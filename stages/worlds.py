"""Gather all worlds, judge there the claims that they can decide, and pool the main effects."""

from __future__ import annotations

import typer

from capsnet_study.claims.declarations import parse_claims
from capsnet_study.common.params import load_blocks
from capsnet_study.common.storage import read_table, read_yaml, write_json, write_table
from capsnet_study.training.arms import Sweep
from capsnet_study.worlds.effects import effects_of
from capsnet_study.worlds.names import changes, world_name
from capsnet_study.worlds.own import MAIN, TUNED, tuned_arm
from capsnet_study.worlds.params import WorldParams
from capsnet_study.worlds.tables import gather_worlds
from capsnet_study.worlds.verdicts import world_verdicts
from stages.recording import recorded


def main() -> None:
    """Write plots/worlds.csv and metrics/worlds.json."""
    with recorded("worlds"):
        worlds, arms, mechanism = load_blocks(worlds=WorldParams, sweep=Sweep, mechanism=Sweep)
        paths = {(MAIN, arm): f"data/sweep/{arm}.csv" for arm in worlds.arms}
        paths |= {
            (TUNED, arm): f"data/mechanism/{tuned_arm(arm)}.csv"
            for arm in worlds.arms
            if tuned_arm(arm) in mechanism
        }
        interventions = worlds.mechanism.arms
        paths |= {(MAIN, arm): f"data/mechanism/{arm}.csv" for arm in interventions}
        paths |= {
            (world, arm): f"data/worlds/{world}-{arm}.csv"
            for world in worlds.settings
            for arm in worlds.arms_in(world)
        }
        trained = {
            (world, arm): mechanism[tuned_arm(arm)] if world == TUNED else (arms | mechanism)[arm]
            for world, arm in paths
        }
        trials = gather_worlds({key: read_table(path) for key, path in paths.items()}, trained)
        write_table("plots/worlds.csv", trials)
        claims = parse_claims(read_yaml("claims.yaml"))
        changed = changes(worlds.settings)
        found = {
            world: {
                "title": world_name(world),
                "changed": changed[world],
                "trials": int(rows["trial"].nunique()),
                "claims": world_verdicts(claims, rows, interventions),
            }
            for world, rows in trials.groupby("world", sort=False)
        }
        write_json("metrics/worlds.json", {"worlds": found, "effects": effects_of(trials)})


if __name__ == "__main__":
    typer.run(main)
