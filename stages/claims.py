"""Judge the claims of the paper by the rules of claims.yaml."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import typer

from capsnet_study.claims import load_claims
from capsnet_study.exploratory import explore
from capsnet_study.fitting import ARM_FACTS
from capsnet_study.params import MAIN_MODELS
from capsnet_study.storage import read_table, write_json
from capsnet_study.verdicts import evaluate_claims
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
        claims = load_claims(Path("claims.yaml").read_text(encoding="utf-8"))
        write_json("metrics/claims.json", evaluate_claims(claims, tables))
        write_json("metrics/exploratory.json", explore(claims, tables))


if __name__ == "__main__":
    typer.run(main)
