"""Run a pipeline as parallel as its graph."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from capsnet_study.running.children import Child, begin, result, stop, wait_for_any
from capsnet_study.running.lockfile import keep_lock
from capsnet_study.running.locks import foreign_holder
from capsnet_study.running.output import LOCKED, log_path, tail
from capsnet_study.running.pipeline import Pipeline, has_changed, known_seconds
from capsnet_study.running.schedule import below, chains, lend, ready, seconds_left, with_guesses

TICK = 0.25  # seconds between two pictures
LOCK_TICK = 2.0  # seconds between two looks at DVC's lock, and before a stage is tried again
TAIL_LINES = 15


@dataclass(frozen=True)
class News:
    """Something that has happened to a stage."""

    kind: str  # "begun", "ended", "failed", "locked"
    text: str


@dataclass
class Run:
    """What has become of the stages so far."""

    pipeline: Pipeline
    jobs: int
    seconds: Mapping[str, float]  # what each stage takes, as far as known
    running: dict[str, Child] = field(default_factory=dict)
    ran: dict[str, float] = field(default_factory=dict)  # with seconds
    unchanged: set[str] = field(default_factory=set)
    failed: dict[str, Path] = field(default_factory=dict)  # with logs
    waiting: dict[str, float] = field(default_factory=dict)  # has changed; not before that time
    blocked: set[str] = field(default_factory=set)  # by another DVC, at least once
    stopped: list[str] = field(default_factory=list)  # while they ran
    holder: str | None = None  # who else holds DVC's lock

    @property
    def ended(self) -> set[str]:
        """Stages that are up to date now."""
        return self.unchanged | self.ran.keys()

    @property
    def not_run(self) -> list[str]:
        """Stages that could not run, as one that they need has failed."""
        hanging = below(self.pipeline.upstream, self.failed)
        return [stage for stage in self.pipeline.stages if stage in hanging]

    def left(self) -> float:
        """Return the seconds until the end, judged by how the stages so far kept to theirs."""
        expected = sum(self.seconds[stage] for stage in self.ran)
        pace = sum(self.ran.values()) / expected if expected else 1.0
        now = time.monotonic()
        gone = {stage: now - child.began for stage, child in self.running.items()}
        over = self.ended | self.failed.keys() | set(self.not_run)
        left = {
            stage: max(0.0, pace * seconds - gone.get(stage, 0.0))
            for stage, seconds in self.seconds.items()
            if stage not in over
        }
        return seconds_left(self.pipeline.upstream, left, self.jobs)


Show = Callable[[Run, Sequence[News]], None]


def run_pipeline(
    pipeline: Pipeline, jobs: int, lends: bool, show: Show, stopped: Sequence[int] = ()
) -> Run:
    """Run every stage that has changed once its upstream has ended, `jobs` at once.

    A stage that fails stops only what hangs below it. Nothing new is begun once `stopped` holds a
    signal; the commands that run are ended, and go on from their checkpoints another time.

    Parameters
    ----------
    pipeline
        What to run.
    jobs
        How many stages run at once, at most.
    lends
        Tell each stage by ``CAPS_WORKERS`` how many cores are its own.
    show
        Called a few times a second, and with what has just happened.
    stopped
        Signals that have come in the meantime.
    """
    seconds = with_guesses(pipeline.stages, known_seconds(pipeline.stages))
    run = Run(pipeline, jobs, seconds)
    urgency = chains(pipeline.upstream, seconds)
    looked = 0.0
    try:
        while not stopped:
            news = _collect(run, stopped)
            _sort_out(run)
            news += _begin(run, urgency, lends)
            if time.monotonic() - looked > LOCK_TICK:
                looked = time.monotonic()
                news += _look_at_lock(run)
            show(run, news)
            if not run.running and not run.waiting:
                break
            wait_for_any(list(run.running.values()), TICK)
    finally:
        stop(list(run.running.values()), stopped)
        show(run, _collect(run, stopped))
    return run


@contextmanager
def caught_signals() -> Iterator[list[int]]:
    """Give a list that signals to stop are put in, instead of ending this process."""
    caught: list[int] = []
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, lambda n, _: caught.append(n)) for number in numbers}
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _collect(run: Run, stopped: Sequence[int]) -> list[News]:
    """Note which children have ended, and how."""
    news = []
    for stage, child in list(run.running.items()):
        status = result(child)
        if status is None:
            continue
        del run.running[stage]
        seconds = time.monotonic() - child.began
        if status == 0:
            run.ran[stage] = seconds
            keep_lock()
            news.append(News("ended", f"ended   {stage} after {seconds:.1f} s"))
        elif stopped:
            run.stopped.append(stage)
            news.append(News("ended", f"stopped {stage} after {seconds:.1f} s"))
        else:
            news += _judge(run, child, status, seconds)
    return news


def _judge(run: Run, child: Child, status: int, seconds: float) -> list[News]:
    """Try a stage again that another DVC was in the way of; note that any other one has failed."""
    words = tail(child.log, TAIL_LINES)
    if any(locked in words for locked in LOCKED):
        run.waiting[child.stage] = time.monotonic() + LOCK_TICK
        first = child.stage not in run.blocked
        run.blocked.add(child.stage)
        told = f"waits   {child.stage}: another DVC is in the way, it is tried again\n{words}"
        return [News("locked", told)] if first else []
    run.failed[child.stage] = child.log
    how = f"exit {status}" if status > 0 else f"signal {-status}"
    told = f"FAILED  {child.stage} after {seconds:.1f} s ({how}); {child.log} ends with\n{words}"
    return [News("failed", told)]


def _sort_out(run: Run) -> None:
    """Tell the stages apart that have become ready: those that must run, and those up to date."""
    upstream = run.pipeline.upstream
    while True:
        begun = run.ended | run.failed.keys() | run.running.keys() | run.waiting.keys()
        found = ready(upstream, run.ended, begun)
        if not found:
            return
        for stage in found:
            if has_changed(run.pipeline.stages[stage], run.pipeline.allow_missing):
                run.waiting[stage] = 0.0
            else:
                run.unchanged.add(stage)


def _begin(run: Run, urgency: Mapping[str, float], lends: bool) -> list[News]:
    """Start the most urgent of the stages that wait, as many as there are jobs for."""
    news = []
    now = time.monotonic()
    due = sorted((s for s, when in run.waiting.items() if when <= now), key=lambda s: -urgency[s])
    for at, stage in enumerate(due[: run.jobs - len(run.running)]):
        lent = sum(child.workers for child in run.running.values())
        workers = lend(run.jobs, lent, len(due) - at)
        environment = {"CAPS_WORKERS": str(workers)} if lends else {}
        keep_lock()
        options = ["--allow-missing"] if run.pipeline.allow_missing else []
        run.running[stage] = begin(stage, workers, log_path(stage), environment, options)
        del run.waiting[stage]
        with_workers = f" with {workers} workers" if lends and workers > 1 else ""
        news.append(News("begun", f"begun   {stage}{with_workers}"))
    return news


def _look_at_lock(run: Run) -> list[News]:
    """Note who else holds DVC's lock; it is news when that one has held it for two looks."""
    ours = {os.getpid(), *(child.process.pid or 0 for child in run.running.values())}
    before, run.holder = run.holder, foreign_holder(Path(".dvc/tmp/lock"), ours)
    if run.holder is None or run.holder != before:
        return []
    return [News("locked", f"waits   DVC's lock is held by {run.holder}")]
