"""The verdicts of all runs on full MNIST that were ever committed: what other settings would say.

    python -m scripts.earlier_runs      # writes scripts/earlier_runs.csv, from the history in Git

One row a setting, its last run, oldest first: settings, and the verdict on each claim by the rules
of that commit. Run it before settings are changed, so that what they gave is told beside what
comes after them.
"""

from __future__ import annotations

import json
import subprocess

import pandas as pd
import yaml

from capsnet_study.common.storage import write_table
from capsnet_study.report.provenance import SETTING_BLOCKS

CLAIMS = "metrics/claims.json"


def main() -> None:
    """Write the table."""
    found = git("log", "--reverse", "--format=%h", "--", CLAIMS).split()
    runs = pd.DataFrame([run for commit in found if (run := run_of(commit))])
    settings = sorted(name for name in runs if "." in name)
    claims = sorted(name for name in runs if name[1:].isdigit())
    runs = runs.drop_duplicates(settings, keep="last")
    write_table("scripts/earlier_runs.csv", runs[["commit", *settings, *claims]])


def run_of(commit: str) -> dict[str, object] | None:
    """Return settings and verdicts of a commit; None if it is not about full MNIST."""
    params = yaml.safe_load(git("show", f"{commit}:params.yaml"))
    if params["data"]["source"] != "mnist":
        return None
    settings = {
        f"{block}.{name}": value
        for block in SETTING_BLOCKS
        for name, value in params.get(block, {}).items()
        if not isinstance(value, list)
    }
    claims = json.loads(git("show", f"{commit}:{CLAIMS}"))
    verdicts = {
        id: claim["verdict"]
        for id, claim in claims.items()
        if claim.get("kind", "paper") == "paper"  # the first runs had no other kind
    }
    return {"commit": commit} | settings | verdicts


def git(*arguments: str) -> str:
    """Return what a Git command prints."""
    return subprocess.run(("git", *arguments), check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main()
