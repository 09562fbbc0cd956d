"""Run the pipeline as parallel as its graph: ``dvc repro``, with stages side by side.

Not a stage of the pipeline: ``make study``. It ends in the same bits as ``dvc repro``, goes on
where it was stopped, and shows one picture of all that runs.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from capsnet_study.running.capacity import capacity
from capsnet_study.running.cluster import ClusterError
from capsnet_study.running.lockfile import LockFileError, keep_lock
from capsnet_study.running.locks import BusyError, alone
from capsnet_study.running.mending import mend
from capsnet_study.running.overrides import OverrideError, set_params
from capsnet_study.running.picture import shown, summary
from capsnet_study.running.pipeline import read_pipeline
from capsnet_study.running.runner import caught_signals, run_pipeline
from stages import run_command

Jobs = Annotated[int, typer.Option("--jobs", "-j", min=0, help="Stages at once; 0: one a core.")]
Overrides = Annotated[list[str], typer.Option("--set-param", "-S", help="As of dvc exp run.")]
AllowMissing = Annotated[bool, typer.Option(help="As of dvc repro: missing data is no change.")]
Targets = Annotated[list[str], typer.Argument(help="As of dvc repro; default: all stages.")]


def main(
    targets: Targets = [],  # noqa: B006
    jobs: Jobs = 0,
    set_param: Overrides = [],  # noqa: B006
    allow_missing: AllowMissing = False,
) -> None:
    """Run what is not up to date: all stages, or the targets with all that they need."""
    from dvc.exceptions import DvcException

    console = Console()
    if not Path(".dvc").is_dir():
        console.print("run: this is not the folder of a DVC project: there is no .dvc here")
        raise typer.Exit(2)
    try:
        with alone(Path(".dvc/tmp/run/lock")):
            raise typer.Exit(_run(console, targets, jobs, set_param, allow_missing))
    except (BusyError, ClusterError, LockFileError, OverrideError, DvcException) as error:
        console.print(f"run: {error}", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(2) from None


def _run(
    console: Console, targets: list[str], jobs: int, set_param: list[str], allow_missing: bool
) -> int:
    """Run the stages and return the exit status."""
    began = time.monotonic()
    for line in [*mend(), *(f"-S: {change}" for change in set_params(set_param))]:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    at_once, lends = capacity(os.environ)
    pipeline = read_pipeline(targets, allow_missing)
    keep_lock()
    with caught_signals() as stopped, shown(console) as show:
        run = run_pipeline(pipeline, jobs or at_once, lends, show, stopped)
    console.print(summary(run, time.monotonic() - began), markup=False, highlight=False)
    if stopped:
        console.print("stopped: the same command goes on from here", highlight=False)
        return 128 + stopped[0]
    return 1 if run.failed else 0


if __name__ == "__main__":
    run_command(main)
