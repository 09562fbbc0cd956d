"""Judge the claims of the paper, and those on what lies behind it, by the rules of claims.yaml."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from capsnet_study.claims.declarations import parse_claims
from capsnet_study.claims.exploratory import explore
from capsnet_study.claims.records import to_json
from capsnet_study.claims.tables import SETTINGS
from capsnet_study.claims.verdicts import evaluate_claims
from capsnet_study.common.params import load_blocks
from capsnet_study.common.storage import read_table, read_yaml, write_json
from capsnet_study.training.arms import facts_in
from capsnet_study.training.params import TrainParams
from capsnet_study.transfer.new_splits import NewSplits
from stages.command import run_command
from stages.recording import recorded
from stages.tables import read_new_splits, read_transfer


def read_tables(models: Iterable[str]) -> dict[str, pd.DataFrame]:
    """Read all tables that claims are judged on, with what the arms are.

    `models` are those that were transferred on new splits.
    """
    sweep, others = (facts_in(read_table(f"plots/{name}.csv")) for name in ("fitting", "ablations"))
    all_arms = pd.concat([sweep, others])
    return {
        "fitting": read_table("plots/fitting_trials.csv").merge(sweep, on="arm"),
        "mechanism": read_table("plots/trials.csv").merge(all_arms, on="arm"),
        "interventions": read_table("plots/interventions.csv"),
        "manifold": read_table("plots/manifold.csv"),
        "transfer": read_transfer(),
        "new_splits": read_new_splits(models),
    } | read_settings()


def read_settings() -> dict[str, pd.DataFrame]:
    """Read the trials of those settings that claims are judged on, as far as there are any."""
    trials = read_table("plots/settings.csv")
    return {name: rows for name, rows in trials.groupby("setting") if name in SETTINGS}


def main() -> None:
    """Write metrics/claims.json, and metrics/exploratory.json on what is no claim."""
    with recorded("claims"):
        train, new_splits = load_blocks(train=TrainParams, new_splits=NewSplits)
        tables = read_tables(new_splits.models)
        claims = parse_claims(read_yaml("claims.yaml"))
        judged = evaluate_claims(claims, tables, seed=train.seed)
        write_json("metrics/claims.json", to_json(judged))
        write_json("metrics/exploratory.json", to_json(explore(claims, tables)))


if __name__ == "__main__":
    run_command(main)
