"""Collect the verdicts of all runs on full MNIST that were ever committed.

    python -m scripts.earlier_runs      # writes scripts/earlier_runs.csv, from the history in Git

One row per choice of parameters, oldest first: the last run with them, those parameters that still
exist, and the verdict on each claim by the rules of that commit. Run it before parameters change,
so that the report can show the earlier verdicts beside the new ones.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pandas as pd
import yaml

from capsnet_study.common.storage import write_table
from capsnet_study.report.provenance import SETTING_BLOCKS
from stages.command import run_command

CLAIMS = "metrics/claims.json"
BEFORE = {"train.weight_decay": 0.0}
"""Values of parameters in runs before they were parameters."""


def main() -> None:
    """Write the table."""
    found = git("log", "--reverse", "--format=%h", "--", CLAIMS).split()
    runs = pd.DataFrame([run for commit in found if (run := run_of(commit))])
    chosen = sorted(parameters(Path("params.yaml").read_text(encoding="utf-8")))
    claims = sorted(name for name in runs if name[1:].isdigit())
    runs = runs.reindex(columns=["commit", *chosen, *claims]).fillna(BEFORE)
    write_table("scripts/earlier_runs.csv", runs.drop_duplicates(chosen, keep="last"))


def run_of(commit: str) -> dict[str, object] | None:
    """Return parameters and verdicts of a commit; None if it is not about full MNIST."""
    chosen = parameters(git("show", f"{commit}:params.yaml"))
    if chosen["data.source"] != "mnist":
        return None
    verdicts = {
        id: claim["verdict"]
        for id, claim in json.loads(git("show", f"{commit}:{CLAIMS}")).items()
        if claim.get("kind", "paper") == "paper"  # the first runs had no other kind
    }
    return {"commit": commit} | chosen | verdicts


def parameters(text: str) -> dict[str, object]:
    """Return by ``block.key`` the values that affect all results, except lists."""
    params = yaml.safe_load(text)
    return {
        f"{block}.{name}": value
        for block in SETTING_BLOCKS
        for name, value in params.get(block, {}).items()
        if not isinstance(value, list)
    }


def git(*arguments: str) -> str:
    """Return the output of a Git command."""
    return subprocess.run(("git", *arguments), check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    run_command(main)
