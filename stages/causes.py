"""Gather the ablations and the interventions in trained networks."""

from __future__ import annotations

import pandas as pd

from capsnet_study.common.params import load_blocks
from capsnet_study.common.storage import read_table, write_json, write_table
from capsnet_study.fitting.tables import (
    gather_arms,
    summarise_trials,
    without_shares,
)
from capsnet_study.interventions.params import InterventionParams
from capsnet_study.training.arms import BLOCKS
from capsnet_study.training.history import summarise_history
from stages.command import run_command
from stages.recording import recorded


def main() -> None:
    """Write plots/{ablations,trials,interventions}.csv and metrics/ablations.json."""
    with recorded("causes"):
        *blocks, interventions = load_blocks(**BLOCKS, interventions=InterventionParams)
        tables = {
            block: gather_arms({arm: read_table(f"data/{block}/{arm}.csv") for arm in arms}, arms)
            for block, arms in zip(BLOCKS, blocks, strict=True)
        }
        changed = pd.concat([tables["ablations"], tables["yoked"]], ignore_index=True)
        trials = [summarise_trials(table).assign(block=block) for block, table in tables.items()]
        tests = [read_table(f"data/interventions/{arm}.csv") for arm in interventions.arms]
        write_table("plots/ablations.csv", without_shares(changed))
        write_table("plots/trials.csv", pd.concat(trials, ignore_index=True))
        write_table("plots/interventions.csv", pd.concat(tests, ignore_index=True))
        records = {arm: summarise_history(rows) for arm, rows in changed.groupby("arm", sort=False)}
        write_json("metrics/ablations.json", records)


if __name__ == "__main__":
    run_command(main)
