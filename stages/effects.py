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
from capsnet_study.settings.builtin import BUILTIN_SETTINGS, MAIN, TUNED, tuned_arms
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

    The main study and the arms tuned by themselves are settings beside those of params.yaml.
    """
    arms = sweep | ablations
    names = dict.fromkeys(arm for setting in settings.values() for arm in setting.arms)
    block = {name: "sweep" if name in sweep else "ablations" for name in names}
    found = {(MAIN, name): read_table(f"data/{block[name]}/{name}.csv") for name in names}
    trained = {(MAIN, name): arms[name] for name in names}
    tuned = tuned_arms(sweep, ablations)
    for name in names:
        if name in tuned:
            found[TUNED, name] = read_table(f"data/ablations/{tuned[name]}.csv")
            trained[TUNED, name] = ablations[tuned[name]]
    for name, setting in settings.items():
        table = read_table(f"data/settings/{name}.csv")
        for arm in setting.arms:
            found[name, arm] = table[table["arm"] == arm].drop(columns="arm")
            trained[name, arm] = arms[arm]
    seeds = dict.fromkeys(BUILTIN_SETTINGS, study.train.seed)
    seeds |= {name: setting.blocks(study).train.seed for name, setting in settings.items()}
    return found, trained, seeds


if __name__ == "__main__":
    run_command(main)
