"""DVC processes: one for each stage that runs, in a process group of its own."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import dvc.cli.parser  # with all commands: what is loaded here need not be loaded by each child
import dvc.dvcfile
import dvc.lock
from dvc.progress import Tqdm
from dvc.utils.serialize import dump_yaml, load_yaml, modify_yaml

from capsnet_study.running.lockfile import replaced

Tqdm.monitor_interval = 0  # DVC's bars would start a thread, and a process with one cannot fork
GRACE = 20.0  # seconds in which DVC may record what had just ended when it was told to stop
LOOKS = 0.2  # seconds between two looks for the runner


@dataclass(frozen=True)
class Child:
    """A DVC process with its stage."""

    stage: str
    workers: int
    log: Path
    began: float  # time.monotonic()
    process: BaseProcess


def begin(
    stage: str, workers: int, log: Path, environment: Mapping[str, str], options: Sequence[str] = ()
) -> Child:
    """Start ``dvc repro --single-item STAGE``, with more options, and its output in `log`.

    Where a process can be forked safely, it is a copy of this one, in which DVC is loaded already:
    that saves what each DVC takes to start. A process with threads cannot, nor can one on macOS.
    """
    forks = sys.platform == "linux" and threading.active_count() == 1
    start = multiprocessing.get_context("fork" if forks else "spawn")
    arguments = (stage, str(log), dict(environment), list(options), os.getpid())
    process = start.Process(target=_reproduce, args=arguments, daemon=True)
    log.parent.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    process.start()
    return Child(stage, workers, log, began, process)


def wait_for_any(children: Sequence[Child], seconds: float) -> None:
    """Return once a child has ended, or after some seconds."""
    wait([child.process.sentinel for child in children], timeout=seconds)


def result(child: Child) -> int | None:
    """Return the exit status of a child, None while it runs; what it has left behind is ended."""
    if child.process.is_alive():
        return None
    _signal_group(child, signal.SIGKILL)  # its command lives on if DVC alone was killed
    child.process.join()
    return child.process.exitcode


def stop(children: Sequence[Child], hurry: Sequence[int]) -> None:
    """End the commands of all children and let DVC record what had ended before.

    The commands get SIGTERM; DVC, which ignores it, then ends by itself. Whoever does not within
    the grace, or once `hurry` holds a second signal, is killed: a stage can be killed at any time.
    """
    until = time.monotonic() + GRACE
    while any(child.process.is_alive() for child in children):
        late = time.monotonic() > until or len(hurry) > 1
        for child in children:
            _signal_group(child, signal.SIGKILL if late else signal.SIGTERM)
        alive = [child for child in children if child.process.is_alive()]
        wait_for_any(alive, 0.5)
    for child in children:
        result(child)


def _signal_group(child: Child, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):  # none of the group is left, or not yet
        os.killpg(child.process.pid or 0, number)


def _reproduce(
    stage: str, log: str, environment: dict[str, str], options: list[str], runner: int
) -> None:
    """Be ``dvc repro --single-item STAGE``, as a process of its own."""
    os.setsid()  # Ctrl-C in the terminal is for the runner, which decides what to do
    _end_with(runner)
    with open(log, "wb", buffering=0) as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    # What DVC would send to its makers goes by a process that outlives this one.
    os.environ.update(environment, DVC_NO_ANALYTICS="1")
    # No-ops, which the stage's command does not inherit, unlike signals that are ignored.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    command = ["--wait-for-lock", "repro", "--single-item", *options, stage]
    sys.argv = ["dvc", *command]  # what DVC tells others whom it keeps waiting
    sys.exit(_dvc(command))


def _dvc(command: list[str]) -> int:
    """Be DVC, but for two things: how it waits for its lock, and how it writes dvc.lock."""

    class PromptLock(dvc.lock.Lock):
        """DVC's lock; whoever waits for it looks every 0.05 s, not every 0.5 s."""

        def lock(self) -> None:
            while self._wait:
                with suppress(dvc.lock.LockError):
                    return self._do_lock()
                time.sleep(0.05)
            super().lock()

    dvc.lock.Lock = PromptLock
    dvc.dvcfile.modify_yaml = modified_whole
    return dvc.cli.main(command)


def _end_with(runner: int) -> None:
    """End this group of processes, the stage's command included, once the runner has gone."""

    def watch() -> None:
        while os.getppid() == runner:
            time.sleep(LOOKS)
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def modified_whole(path: str, fs: Any = None) -> Iterator[dict]:
    """Change a YAML file as DVC's ``modify_yaml`` does, but all of it at once.

    DVC writes dvc.lock in place, where a kill cuts it off. What is written is the same; but it is
    read without keeping its comments, which takes half as long (dvc.lock has none).
    """
    if not str(path).endswith(".lock"):
        with modify_yaml(path, fs=fs) as data:
            yield data
        return
    data = load_yaml(path, fs=fs) if os.path.exists(path) else {}
    yield data
    with replaced(Path(path)) as beside:
        dump_yaml(beside, data, fs=fs)
