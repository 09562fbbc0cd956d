"""Bring the results in README.md up to date with the metrics; no stage, run by hand.

python -m stages.readme            # rewrites README.md
python -m stages.readme --check    # exits 1 if that would change it
"""

from __future__ import annotations

from pathlib import Path

import typer

from capsnet_study.common.storage import reading, write_text
from capsnet_study.params import load_params
from capsnet_study.report.render import results_summary, with_block
from stages.command import run_command
from stages.report import read_results

README = Path("README.md")


def main(check: bool = False) -> None:
    """Rewrite the results in README.md, or with --check only say whether they are current."""
    params = load_params()
    old = README.read_text(encoding="utf-8")
    summary = results_summary(read_results(params), params).text
    with reading(README):
        new = with_block(old, "results", summary)
    if check and new != old:
        typer.echo("README.md does not carry the current results: run python -m stages.readme")
        raise typer.Exit(1)
    if not check:
        write_text(README, new)


if __name__ == "__main__":
    run_command(main)
