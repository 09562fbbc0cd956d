"""Tell whether the results that are there are those of this code and these parameters.

Not a stage of the pipeline: ``make verify``. Nothing is run; data that is not here is not missed.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import typer

from capsnet_study.common.errors import StudyError
from capsnet_study.common.storage import read_json, read_yaml
from capsnet_study.running.output import record_path
from capsnet_study.running.pipeline import read_pipeline
from stages import run_command
from stages.code import checksum_of_code

WITHOUT_RECORD = ("report", "explorer")  # they tell of all records, and keep none themselves


class Standing(NamedTuple):
    """Stages by how they got their results.

    Attributes
    ----------
    ran
        With this code.
    equal
        With other code, whose results are those of this one by equal.yaml.
    unexplained
        With other code, and nobody says why dvc.lock names this one.
    """

    ran: list[str]
    equal: list[str]
    unexplained: list[str]


def outdated(folder: str | Path = ".") -> list[str]:
    """Return the stages that ``dvc repro`` would surely run, in its order.

    Those below them run as well if what they read comes out different, which no dry run can know.

    Raises
    ------
    StudyError
        DVC cannot tell, for the reason given.
    """
    # DVC ends with 0 whether or not something would run: its words decide.
    command = [sys.executable, "-m", "dvc", "repro", "--dry", "--allow-missing"]
    told = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    found = re.findall(r"^Running stage '([^']+)'", told.stdout, re.MULTILINE)
    if told.returncode:
        # Where a stage is outdated and a folder that it reads is not here, DVC goes no further.
        halted = re.search(r"failed to reproduce '([^']+)': \[Errno 2\]", told.stderr)
        if halted is None:
            reason = (told.stderr.strip() or told.stdout.strip()).partition("\n")[0]
            raise StudyError(f"dvc repro --dry failed: {reason}")
        found.append(halted[1])
    return found


def standing(stages: Iterable[str], folder: str | Path = ".") -> Standing:
    """Sort stages by how they got the results that dvc.lock names.

    An entry of equal.yaml is about one state of the code of a stage: a later change needs another.
    """
    path = Path(folder, "equal.yaml")
    told = read_yaml(path) if path.exists() else []
    explained = {stage: code for entry in told for stage, code in entry["stages"].items()}
    found = Standing([], [], [])
    for stage in stages:
        record = Path(folder, record_path(stage))
        code = read_json(record).get("code") if record.exists() else None
        today = checksum_of_code(stage, folder)
        if stage in WITHOUT_RECORD or code == today:
            found.ran.append(stage)
        elif explained.get(stage) == today:
            found.equal.append(stage)
        else:
            found.unexplained.append(stage)
    return found


def main() -> None:
    """Print the verdict; end with 1 if some result is not that of this code."""
    stages = outdated()
    if stages:
        print(f"NOT verified: {', '.join(stages)}, and what hangs below, would have to run again")
        raise typer.Exit(1)
    locked, pipeline = read_yaml("dvc.lock")["stages"], read_pipeline().stages
    found = standing([name for name in locked if name in pipeline])  # DVC keeps removed ones there
    if found.unexplained:
        print(
            f"NOT verified: dvc.lock names this code for {', '.join(found.unexplained)}, but they "
            "ran with other code and equal.yaml does not say why"
        )
        raise typer.Exit(1)
    print(f"verified: {len(found.ran)} stages ran with this code and these parameters")
    if found.equal:
        print(
            f"{len(found.equal)} stages ran with earlier code; equal.yaml says why their results "
            "are those of this code"
        )


if __name__ == "__main__":
    run_command(main)
