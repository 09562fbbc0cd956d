"""Judge the claims of the paper by the rules of claims.yaml."""

from __future__ import annotations

import pandas as pd
import typer

from capsnet_study.claims.declarations import parse_claims
from capsnet_study.claims.exploratory import explore
from capsnet_study.claims.verdicts import evaluate_claims
from capsnet_study.common.storage import read_table, read_yaml, write_json
from capsnet_study.names import MAIN_MODELS
from capsnet_study.training.arms import ARM_FACTS
from stages.recording import recorded


def main() -> None:
    """Write metrics/claims.json, and metrics/exploratory.json on what is no claim."""
    with recorded("claims"):
        arms = read_table("plots/fitting.csv")[ARM_FACTS].drop_duplicates()
        tables = {
            "fitting": read_table("plots/fitting_trials.csv").merge(arms, on="arm"),
            "manifold": read_table("plots/manifold.csv"),
            "transfer": pd.concat(
                [read_table(f"plots/transfer_{model}.csv") for model in MAIN_MODELS]
            ),
        }
        claims = parse_claims(read_yaml("claims.yaml"))
        write_json("metrics/claims.json", evaluate_claims(claims, tables))
        write_json("metrics/exploratory.json", explore(claims, tables))


if __name__ == "__main__":
    typer.run(main)
