"""Run independent stages side by side, each by a ``dvc repro`` of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

import networkx
import psutil
from dvc.lock import LockError
from dvc.repo import Repo
from dvc.stage import Stage

FOLDER = Path(".dvc/tmp/run")
TICK = 0.1  # seconds between two checks of what runs
GRACE = 20.0  # seconds in which a stage that is stopped may end

Graph = Mapping[Stage, Sequence[Stage]]  # what each stage depends on directly, in dvc.yaml's order
Running = dict[Stage, subprocess.Popen]
Event = tuple[str, str]  # a stage, and "unchanged", "started", "finished" or "failed"


@dataclass(frozen=True)
class Options:
    """How many stages run at once; the cores that they share, 0 if they choose their workers."""

    jobs: int
    cores: int
    allow_missing: bool  # as for dvc repro


def read_graph(repo: Repo, targets: Sequence[str]) -> Graph:
    """Return the targets, or else all stages, and all that they depend on."""
    graph = repo.index.graph
    wanted = [stage for target in targets for stage in repo.stage.collect(target)] or list(graph)
    needed = set(wanted).union(*(networkx.descendants(graph, stage) for stage in wanted))
    return {stage: list(graph.successors(stage)) for stage in graph if stage in needed}


def run_stages(graph: Graph, options: Options, signals: Sequence[int]) -> Iterator[Event]:
    """Run every stage that has changed, once all that it depends on has ended.

    What depends on a failed stage is not run. Once `signals` holds one, no stage is started, and
    those that run are stopped.
    """
    sorter = TopologicalSorter(graph)
    sorter.prepare()
    order = {stage: number for number, stage in enumerate(graph)}
    waiting: list[Stage] = []
    running: Running = {}
    try:
        while not signals:
            yield from _sort_ready(sorter, waiting, options.allow_missing)
            waiting.sort(key=order.__getitem__)
            yield from _start_waiting(waiting, running, options)
            if not running:
                return
            time.sleep(TICK)
            yield from _collect_ended(sorter, running)
    finally:
        stop(running.values(), signals)


def stop(processes: Collection[subprocess.Popen], signals: Sequence[int]) -> None:
    """End the commands of stages, and so their DVC, which may be writing dvc.lock.

    What still runs after the grace, or at a second signal, is killed with its DVC.
    """
    until = time.monotonic() + GRACE
    while alive := [process for process in processes if process.poll() is None]:
        for process in alive:
            with suppress(psutil.NoSuchProcess):
                for command in psutil.Process(process.pid).children(recursive=True):
                    command.terminate()
            if len(signals) > 1 or time.monotonic() > until:
                os.killpg(process.pid, signal.SIGKILL)
        time.sleep(TICK)


def log_path(stage: str) -> Path:
    """Return where the output of a stage goes."""
    return FOLDER / f"{stage}.log"


def _sort_ready(
    sorter: TopologicalSorter, waiting: list[Stage], allow_missing: bool
) -> Iterator[Event]:
    """Let those wait that have become ready and that ``dvc repro`` would run; skip the others."""
    while ready := sorter.get_ready():
        for stage in ready:
            try:
                with stage.repo.lock:
                    changed = stage.changed(allow_missing=allow_missing)
            except LockError:  # another DVC is in the way: that of the stage waits for it
                changed = True
            if changed:
                waiting.append(stage)
            else:
                sorter.done(stage)
                yield stage.addressing, "unchanged"


def _start_waiting(waiting: list[Stage], running: Running, options: Options) -> Iterator[Event]:
    at_work = min(options.jobs, len(running) + len(waiting))
    while waiting and len(running) < options.jobs:
        stage = waiting.pop(0)
        command = [sys.executable, "-m", "dvc", "--wait-for-lock", "repro", "--single-item"]
        command += ["--allow-missing"] * options.allow_missing
        environment = os.environ | {"CAPS_RUNNER": str(os.getpid())}
        if options.cores:
            environment["CAPS_WORKERS"] = str(max(1, options.cores // at_work))
        with log_path(stage.addressing).open("wb") as log:
            running[stage] = subprocess.Popen(
                [*command, stage.addressing],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # signals of the terminal are for the runner
            )
        yield stage.addressing, "started"


def _collect_ended(sorter: TopologicalSorter, running: Running) -> Iterator[Event]:
    for stage in [stage for stage, process in running.items() if process.poll() is not None]:
        failed = running.pop(stage).returncode != 0
        if not failed:
            sorter.done(stage)
        yield stage.addressing, "failed" if failed else "finished"
