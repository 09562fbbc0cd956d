"""Run the pipeline with independent stages side by side: ``make study``.

Not a stage of the pipeline. It ends in the same bits as ``dvc repro``, and continues where it was
stopped.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer
from dvc.exceptions import DvcException
from dvc.repo import Repo
from filelock import FileLock, Timeout
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from capsnet_study.common.devices import device
from capsnet_study.common.workers import cores
from capsnet_study.running.cluster import ClusterError, address_of, connected
from capsnet_study.running.lockfile import cut_off, keep_lock, read
from capsnet_study.running.runner import FOLDER, Event, Options, log_path, read_graph, run_stages
from stages.command import run_command

SHOWN = 8  # names of stages that are printed
TAIL = 15  # lines of the log that are printed of a stage that has failed

Targets = Annotated[list[str], typer.Argument(help="As for dvc repro; default: all stages.")]
Jobs = Annotated[int, typer.Option("--jobs", "-j", min=0, help="Stages at once; 0: one per core.")]
AllowMissing = Annotated[bool, typer.Option(help="As for dvc repro: missing data is unchanged.")]


def main(
    targets: Targets = [],  # noqa: B006
    jobs: Jobs = 0,
    allow_missing: AllowMissing = False,
) -> None:
    """Run what is not up to date: all stages, or the targets with all that they depend on."""
    logging.getLogger("dvc").setLevel(logging.CRITICAL)  # the log of each stage has all of it
    holder = FOLDER / "pid"
    try:
        repo = Repo()
        FOLDER.mkdir(parents=True, exist_ok=True)
        with FileLock(FOLDER / "lock", blocking=False):
            holder.write_text(str(os.getpid()))
            sys.exit(run(repo, targets, jobs, allow_missing))
    except Timeout:
        sys.exit(f"run: another runner is at work here: process {read(holder)}")
    except (ClusterError, DvcException) as error:
        sys.exit(f"run: {error}")


def run(repo: Repo, targets: list[str], jobs: int, allow_missing: bool) -> int | str:
    """Run the stages, print what happens to them, and return the exit status, or what is wrong."""
    signals = catch_signals()
    with repo.lock:
        broken = cut_off()
    if broken:
        return f"run: {broken[0]} is incomplete or unreadable: `make restore-lock` repairs it"
    at_once, shared = capacity()
    graph = read_graph(repo, targets)
    options = Options(jobs or at_once, shared, allow_missing)
    console = Console(highlight=False, markup=False, soft_wrap=True)
    with closing(run_stages(graph, options, signals)) as events:
        last = show(console, events, [stage.addressing for stage in graph])
    keep_lock()
    summarise(console, last)
    if signals:
        console.print("stopped: the same command continues from here")
        return 128 + signals[0]
    return int("failed" in last.values())


def capacity() -> tuple[int, int]:
    """Return how many stages run at once, and the cores that they share (0: not shared out).

    On a cluster as many stages run as it has threads, on a GPU one, else one per core.
    """
    address = address_of(os.environ.get("CAPS_ENGINE", "local"))
    if address is not None:
        with connected(address) as client:
            return sum(client.ncores().values()), 0
    if on_gpu():
        return 1, 0
    return cores(), 0 if "CAPS_WORKERS" in os.environ else cores()


def on_gpu() -> bool:
    """Return whether stages compute on a GPU; PyTorch is loaded only if there may be one."""
    named = os.environ.get("CAPS_DEVICE")
    if named or not Path("/dev/nvidia0").exists():
        return bool(named) and not named.startswith("cpu")
    return device().type == "cuda"


def catch_signals() -> list[int]:
    """Return a list of the signals to stop that arrive from now on; ignored ones stay ignored."""
    caught: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, lambda number, _: caught.append(number))
    return caught


def show(console: Console, events: Iterable[Event], stages: Sequence[str]) -> dict[str, str]:
    """Print events, and on a terminal what runs since when; return the last event of each stage."""
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    last = dict.fromkeys(stages, "not run")
    rows: dict[str, tuple[TaskID, float]] = {}
    plain = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=plain) as progress:
        overall = progress.add_task("")
        for stage, what in events:
            last[stage] = what
            done = sum(one in ("unchanged", "finished") for one in last.values())
            progress.update(overall, description=f"{done} of {len(last)} stages are up to date")
            if what == "started":
                rows[stage] = progress.add_task(stage), time.monotonic()
            elif stage in rows:
                row, began = rows.pop(stage)
                progress.remove_task(row)
                what += f" after {time.monotonic() - began:.0f} s ({done} of {len(last)})"
            if what != "unchanged":
                console.print(f"{time.strftime('%H:%M:%S')}  {stage} {what}")
    return last


def summarise(console: Console, last: Mapping[str, str]) -> None:
    """Print what has become of the stages."""
    groups: dict[str, list[str]] = defaultdict(list)
    for stage, what in last.items():
        groups["stopped" if what == "started" else what].append(stage)
    ran, unchanged = len(groups["finished"]), len(groups["unchanged"])
    console.print(f"{ran} of {len(last)} stages ran, {unchanged} were up to date")
    for stage in groups["failed"]:
        lines = read(log_path(stage)).splitlines()
        console.print(f"FAILED  {stage}: {log_path(stage)} ends with", *lines[-TAIL:], sep="\n")
    for what in ("stopped", "not run"):
        if names := groups[what]:
            more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
            console.print(f"{what}: {', '.join(names[:SHOWN])}{more}")


if __name__ == "__main__":
    run_command(main)
