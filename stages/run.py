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
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import joblib
import typer
from dvc.exceptions import DvcException
from dvc.repo import Repo
from filelock import FileLock, Timeout
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from capsnet_study.common.workers import device
from capsnet_study.running.cluster import ClusterError, address_of, connected
from capsnet_study.running.lockfile import cut_off, keep_lock
from capsnet_study.running.runner import FOLDER, Event, Options, log_path, read_graph, run_stages

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
        sys.exit(f"run: another runner is at work here: process {holder.read_text()}")
    except (ClusterError, DvcException) as error:
        sys.exit(f"run: {error}")


def run(repo: Repo, targets: list[str], jobs: int, allow_missing: bool) -> int | str:
    """Run the stages, print what happens to them, and return the exit status, or what is wrong."""
    with repo.lock:
        broken = cut_off()
    if broken:
        return f"run: {broken[0]} is incomplete or unreadable: `make restore-lock` repairs it"
    at_once, cores = capacity()
    graph = read_graph(repo, targets)
    signals = catch_signals()
    events = run_stages(graph, Options(jobs or at_once, cores, allow_missing), signals)
    console = Console(highlight=False, markup=False, soft_wrap=True)
    last = show(console, events, len(graph))
    keep_lock()
    names = [stage.addressing for stage in graph]
    summarise(console, {name: last.get(name, "not run") for name in names})
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
    cores = joblib.cpu_count()
    return cores, 0 if "CAPS_WORKERS" in os.environ else cores


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


def show(console: Console, events: Iterable[Event], total: int) -> dict[str, str]:
    """Print events, and on a terminal what runs since when; return the last event of each stage."""
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    last: dict[str, str] = {}
    rows: dict[str, tuple[TaskID, float]] = {}
    plain = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=plain) as progress:
        overall = progress.add_task("")
        for stage, what in events:
            last[stage] = what
            far = f"{sum(one in ('unchanged', 'finished') for one in last.values())} of {total}"
            progress.update(overall, description=f"{far} stages are up to date")
            if what == "started":
                rows[stage] = progress.add_task(stage), time.monotonic()
            elif stage in rows:
                row, began = rows.pop(stage)
                progress.remove_task(row)
                what += f" after {time.monotonic() - began:.0f} s ({far})"
            if what != "unchanged":
                console.print(f"{time.strftime('%H:%M:%S')}  {stage} {what}")
    return last


def summarise(console: Console, last: dict[str, str]) -> None:
    """Print what has become of the stages."""
    groups: dict[str, list[str]] = defaultdict(list)
    for stage, what in last.items():
        groups[what].append(stage)
    counts = len(groups["finished"]), len(last), len(groups["unchanged"])
    console.print("{} of {} stages ran, {} were up to date".format(*counts))
    for stage in groups["failed"]:
        lines = log_path(stage).read_text(errors="replace").splitlines()
        console.print(f"FAILED  {stage}: {log_path(stage)} ends with", *lines[-TAIL:], sep="\n")
    for what in ("started", "not run"):
        if groups[what]:
            console.print({"started": "stopped"}.get(what, what) + ":", ", ".join(groups[what]))


if __name__ == "__main__":
    typer.run(main)
