"""Say whether the committed results are those of this code and these parameters.

Not a stage of the pipeline: ``make verify``. Nothing runs, and data that is nowhere counts as what
dvc.lock says of it. The verdicts that paragraphs of the report presume must be the committed ones.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import typer

from capsnet_study.common.storage import read_yaml
from capsnet_study.params import load_params
from capsnet_study.report.render import render_report, results_summary
from stages.command import run_command
from stages.report import read_results


def outdated(folder: str | Path = ".") -> list[str]:
    """Return the stages that ``dvc repro --allow-missing`` would run for sure, in its order.

    Stages that depend on them run, too, if an out of theirs comes out different.

    Raises
    ------
    RuntimeError
        DVC cannot say, for the reason given.
    """
    # DVC ends with 0 whether or not something would run: its output decides.
    command = [sys.executable, "-m", "dvc", "repro", "--dry", "--allow-missing"]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    found = re.findall(r"^Running stage '([^']+)'", ended.stdout, re.MULTILINE)
    if ended.returncode:
        # DVC stops at an outdated stage that reads a folder which is not here.
        halted = re.search(r"failed to reproduce '([^']+)': \[Errno 2\]", ended.stderr)
        if halted is None:
            reason = ended.stderr.strip() or ended.stdout.strip()
            raise RuntimeError(f"dvc repro --dry failed: {reason}")
        found.append(halted[1])
    return found


def unmet() -> list[str]:
    """Return what paragraphs of the report and of README presume and results do not say."""
    params = load_params()
    results = read_results(params)
    texts = render_report(results, params), results_summary(results, params)
    return list(dict.fromkeys(reason for text in texts for reason in text.withheld))


def main() -> None:
    """Print the answer; end with 1 if a result, or what the text says of it, is out of date."""
    stages = outdated()
    if stages:
        print(f"NOT verified: {', '.join(stages)}, and what depends on them, would have to run")
        raise typer.Exit(1)
    if reasons := unmet():
        print(f"NOT verified: paragraphs of the report presume other results: {'; '.join(reasons)}")
        raise typer.Exit(1)
    count = len(read_yaml("dvc.lock")["stages"])
    print(f"verified: {count} stages ran with this code and these parameters")


if __name__ == "__main__":
    run_command(main)
