"""Write the report, claim by claim, from metrics and parameters."""

from __future__ import annotations

from pathlib import Path

import typer

from capsnet_study.params import MAIN_MODELS, Params, load_params
from capsnet_study.report import Results, render_report
from capsnet_study.storage import read_json, read_table, write_bytes


def read_results(params: Params) -> Results:
    """Read all metrics; of the recorded arms of the sweep those that are declared."""
    parts = ("claims", "data", "domains", "exploratory", "fitting", "manifold")
    recorded = [read_json(path) for path in sorted(Path("metrics/runtime").glob("*.json"))]
    removed = {one["stage"] for one in recorded if one["stage"].startswith("sweep_")} - {
        f"sweep_{arm}" for arm in params.sweep
    }
    return Results(
        **{name: read_json(f"metrics/{name}.json") for name in parts},
        train={model: read_json(f"metrics/train_{model}.json") for model in MAIN_MODELS},
        transfer={model: read_json(f"metrics/transfer_{model}.json") for model in MAIN_MODELS},
        sensitivity=read_table("plots/manifold_sensitivity.csv"),
        search=read_table("scripts/search.csv"),
        earlier=read_table("scripts/earlier_runs.csv"),
        runtime=[one for one in recorded if one["stage"] not in removed],
    )


def main() -> None:
    """Write REPORT.md."""
    params = load_params()
    text = render_report(read_results(params), params)
    write_bytes("REPORT.md", text.encode())


if __name__ == "__main__":
    typer.run(main)
