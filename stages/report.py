"""Write the report and its appendix from metrics and parameters."""

from __future__ import annotations

from itertools import chain

from capsnet_study.claims.records import Claims, Exploration, from_json
from capsnet_study.common.storage import read_json, read_table, write_text
from capsnet_study.names import MAIN_MODELS
from capsnet_study.params import Params, load_params
from capsnet_study.report.compute import RUNTIME_GROUPS
from capsnet_study.report.render import render_appendix, render_report
from capsnet_study.report.results import Results
from capsnet_study.settings.results import SettingsResults
from capsnet_study.training.arms import BLOCKS, arms_in
from stages.command import run_command


def read_results(params: Params) -> Results:
    """Read all metrics and tables; of the records of stages, those of stages that there are."""
    arms = {name: arms_in(read_table(f"plots/{name}.csv")) for name in ("fitting", "ablations")}
    sweep = read_json("metrics/fitting.json")
    records = read_table("metrics/runtime.csv").to_dict("records")
    return Results(
        claims=from_json(read_json("metrics/claims.json"), Claims),
        exploratory=from_json(read_json("metrics/exploratory.json"), Exploration),
        settings=from_json(read_json("metrics/settings.json"), SettingsResults),
        **{name: read_json(f"metrics/{name}.json") for name in ("data", "domains", "manifold")},
        sweep=sweep,
        ablations=read_json("metrics/ablations.json"),
        train={
            "capsnet": read_json("metrics/train_capsnet.json"),
            "uniform": sweep["n1"],
            "cnn": sweep["cnn"],
        },
        transfer={model: read_json(f"metrics/transfer_{model}.json") for model in MAIN_MODELS},
        sweep_arms=arms["fitting"],
        ablation_arms=arms["ablations"],
        interventions=read_table("plots/interventions.csv"),
        maps=read_table("plots/manifold.csv"),
        sensitivity=read_table("plots/manifold_sensitivity.csv"),
        search=read_table("scripts/search.csv"),
        earlier=read_table("scripts/earlier_runs.csv"),
        runtime=[one for one in records if is_there(one["stage"], params)],
    )


def is_there(stage: str, params: Params) -> bool:
    """Return whether a stage such as ``sweep@n3`` is one of those of these parameters."""
    group, _, item = stage.partition("@")
    if group not in chain(*RUNTIME_GROUPS.values()):
        return False
    items = {block: [*getattr(params, block)] for block in BLOCKS}
    items["interventions"] = params.interventions.arms
    items |= {"settings": [*params.settings], "new_splits": [*params.new_splits.models]}
    return group not in items or item in items[group]


def main() -> None:
    """Write REPORT.md and APPENDIX.md."""
    params = load_params()
    results = read_results(params)
    write_text("REPORT.md", render_report(results, params).text)
    write_text("APPENDIX.md", render_appendix(results, params).text)


if __name__ == "__main__":
    run_command(main)
