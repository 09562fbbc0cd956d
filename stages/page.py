"""Write the report as one page to explore, with its figures and interactive charts within it.

Like the report, this stage keeps no record of what it cost: the report tells of all records.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from capsnet_study.claims.records import Claims, from_json
from capsnet_study.common.params import load_blocks
from capsnet_study.common.storage import read_arrays, read_facts, read_json, read_table, write_text
from capsnet_study.explorer.exhibits import Results, make_exhibits
from capsnet_study.explorer.page import render_page
from capsnet_study.explorer.sprites import sheets
from capsnet_study.figures.params import FigureParams
from capsnet_study.settings.results import SettingsResults
from stages.command import run_command
from stages.tables import read_faithfulness, read_transfer

TEXTS = ("REPORT.md", "APPENDIX.md")


def read_results() -> Results:
    """Return what the charts draw."""
    fitting = read_table("plots/fitting.csv")
    sets = read_arrays("data/manifold.safetensors", "images", "offsets")
    pairs = read_facts("data/manifold.safetensors")["pairs"]
    return Results(
        fitting=fitting,
        arms=pd.concat([fitting, read_table("plots/ablations.csv")], ignore_index=True),
        interventions=read_table("plots/interventions.csv"),
        exposure=read_table("plots/exposure.csv"),
        maps=read_faithfulness("maps"),
        manifold=read_table("plots/manifold.csv"),
        transfer=read_transfer(),
        nulls=read_json("metrics/manifold.json")["nulls"],
        claims=from_json(read_json("metrics/claims.json"), Claims),
        sheets=sheets(dict(zip(pairs, sets["images"], strict=True)), sets["offsets"]),
        settings=from_json(read_json("metrics/settings.json"), SettingsResults).with_all_seeds(),
    )


def whole_report() -> str:
    """Return the report and, below it, its appendix: one text, in which each links to the other."""
    report, appendix = (Path(name).read_text(encoding="utf-8") for name in TEXTS)
    return f"{report}\n{appendix}".replace("](APPENDIX.md#", "](#")


def main() -> None:
    """Write plots/report.html, which needs no other file and no network."""
    (shown,) = load_blocks(figures=FigureParams)
    figures = {path.stem: path.read_bytes() for path in Path("plots/figures").glob("*.svg")}
    exhibits = make_exhibits(read_results(), shown.pairs, shown.models)
    page = render_page(whole_report(), figures, exhibits, base="../")
    write_text("plots/report.html", page)


if __name__ == "__main__":
    run_command(main)
