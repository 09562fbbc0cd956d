"""Record that changed code gives the results that are there, without running it.

    python -m stages.equal --why "..." STAGE [STAGE ...]

Not a stage of the pipeline. dvc.lock is moved to today's code of these stages; their outs,
parameters and data stay as recorded. Which stages, with which code (a checksum), since which run
and why goes into equal.yaml, which `make verify` reads: a lock that was moved otherwise, or code
that has changed again, does not pass it.
"""

from __future__ import annotations

import subprocess
from io import StringIO
from typing import Annotated

import typer
from dvc.dependency import ParamsDependency
from dvc.repo import Repo
from dvc.stage import PipelineStage
from ruamel.yaml import YAML

from capsnet_study.common.errors import StudyError
from capsnet_study.common.storage import read_yaml, write_text
from capsnet_study.running.output import record_path
from stages import run_command
from stages.code import CODE, checksum_of_code

PATH = "equal.yaml"
HEADER = """\
# Results that were not made by today's code, and why they count as its results. Written by
# `python -m stages.equal`; `since` is the commit that holds the last run of the stages, which
# stand here with a checksum of the code that this is said of.
"""


def check_can_be_moved(stage: PipelineStage) -> None:
    """See that a stage has run, with the parameters of today.

    Of data it may read what has changed: only code is moved, so that stays out of date.

    Raises
    ------
    StudyError
        Naming the parameters that have changed, or what dvc.lock does not know.
    """
    for item in [*stage.outs, *stage.deps]:
        if isinstance(item, ParamsDependency):
            if item.status():
                raise StudyError(f"{stage.addressing}: parameters have changed: {item.status()}")
        elif not item.def_path.startswith(CODE) and not item.hash_info:
            raise StudyError(f"{stage.addressing}: dvc.lock knows no {item}: run the stage")


def move_lock(stage: PipelineStage) -> None:
    """Write today's code of a stage into dvc.lock, and all else as it stands there."""
    for dep in stage.deps:
        if dep.def_path.startswith(CODE):
            dep.save()
    stage.dump(update_pipeline=False)


def last_run(stage: str) -> str:
    """Return the commit that holds the record of a stage's last run."""
    command = ["git", "log", "-1", "--format=%h", "--", str(record_path(stage))]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def main(stages: list[str], why: Annotated[str, typer.Option()]) -> None:
    """Move the lock and write down why."""
    repo = Repo()
    with repo.lock:
        loaded = [repo.stage.load_one(name=name) for name in stages]
        for stage in loaded:
            check_can_be_moved(stage)
        for stage in loaded:
            move_lock(stage)
    told = read_yaml(PATH) if repo.fs.exists(PATH) else []
    by_run: dict[str, dict[str, str]] = {}
    for name in stages:
        by_run.setdefault(last_run(name), {})[name] = checksum_of_code(name)
    told = [
        entry
        | {"stages": {name: code for name, code in entry["stages"].items() if name not in stages}}
        for entry in told
    ]
    told += [{"since": run, "why": why, "stages": codes} for run, codes in by_run.items()]
    write_text(PATH, HEADER + _yaml([entry for entry in told if entry["stages"]]))


def _yaml(value: object) -> str:
    text = StringIO()
    YAML().dump(value, text)
    return text.getvalue()


if __name__ == "__main__":
    run_command(main)
