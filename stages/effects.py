"""Gather all settings, judge there the claims that they can decide, and pool the main effects."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from capsnet_study.claims.declarations import parse_claims
from capsnet_study.claims.records import to_json
from capsnet_study.common.params import load_blocks
from capsnet_study.common.storage import read_table, read_yaml, write_json, write_table
from capsnet_study.data.params import DataParams
from capsnet_study.models.params import CapsuleParams, ModelParams
from capsnet_study.settings.builtin import (
    BUILTIN_SETTINGS,
    MAIN,
    builtin_setting,
    tuned_versions,
)
from capsnet_study.settings.params import Blocks, Setting, Settings
from capsnet_study.settings.record import judge_settings
from capsnet_study.settings.tables import gather_settings
from capsnet_study.training.arms import Arm, Arms, Sweep
from capsnet_study.training.params import TrainParams
from stages.command import run_command
from stages.recording import recorded


def main() -> None:
    """Write plots/settings.csv and metrics/settings.json."""
    with recorded("effects"):
        *blocks, settings, sweep, ablations = load_blocks(
            data=DataParams,
            model=ModelParams,
            capsules=CapsuleParams,
            train=TrainParams,
            settings=Settings,
            sweep=Sweep,
            ablations=Sweep,
        )
        study = Blocks(*blocks)
        trials = gather_settings(*read_settings(settings, study, sweep, ablations))
        write_table("plots/settings.csv", trials)
        claims = parse_claims(read_yaml("claims.yaml"))
        judged = judge_settings(trials, settings, study, sweep, claims)
        write_json("metrics/settings.json", to_json(judged))


def read_settings(
    settings: Mapping[str, Setting], study: Blocks, sweep: Arms, ablations: Arms
) -> tuple[dict[tuple[str, str], pd.DataFrame], dict[tuple[str, str], Arm], dict[str, int]]:
    """Return evaluations and arms by setting and arm, and the seed of each setting.

    The main study and the arms tuned by themselves are settings beside those of params.yaml. An arm
    tuned by itself counts there as the arm that it is a version of.
    """
    arms = sweep | ablations
    versions = tuned_versions(arms)
    listed = {name for setting in settings.values() for name in setting.arms} - versions.keys()
    trained = {(MAIN, name): name for name in arms if name in listed}
    trained |= {
        (builtin_setting(arms[version]), name): version
        for version, name in versions.items()
        if name in listed
    }
    block = {name: "sweep" if name in sweep else "ablations" for name in arms}
    found = {key: read_table(f"data/{block[arm]}/{arm}.csv") for key, arm in trained.items()}
    for name, setting in settings.items():
        table = read_table(f"data/settings/{name}.csv")
        for arm in setting.arms:
            key = name, arm if versions.get(arm, arm) in setting.arms else versions[arm]
            trained[key] = arm
            found[key] = table[table["arm"] == arm].drop(columns="arm")
    seeds = dict.fromkeys(BUILTIN_SETTINGS, study.train.seed)
    seeds |= {name: setting.blocks(study).train.seed for name, setting in settings.items()}
    return found, {key: arms[arm] for key, arm in trained.items()}, seeds


if __name__ == "__main__":
    run_command(main)
