"""One runner at a time, and who holds DVC's own lock."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

PATIENCE = 3.0  # seconds that the processes of a runner that was killed have to end


class BusyError(RuntimeError):
    """Another runner is at work in this folder."""


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Be the only runner of a project.

    The lock goes with the processes that hold it, so that none is ever left behind. The stages'
    DVC processes hold it, too: a new runner does not begin before all of those have ended that a
    killed one had started.

    Raises
    ------
    BusyError
        Another runner holds the lock.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        until = time.monotonic() + PATIENCE
        while not _taken(file.fileno()):
            holder = _pid(path)
            if time.monotonic() > until:
                raise BusyError(f"another runner is at work here: {_named(holder)}")
            time.sleep(0.1)
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def foreign_holder(path: Path, ours: Collection[int]) -> str | None:
    """Name the process that holds DVC's lock, unless it is one of `ours` or none."""
    holder = _pid(path)
    if holder is None or holder in ours or not psutil.pid_exists(holder):
        return None
    with path.open() as file:  # closing it lets go of it at once if it was free
        free = _taken(file.fileno(), fcntl.LOCK_SH)
    return None if free else _named(holder)


def _taken(descriptor: int, kind: int = fcntl.LOCK_EX) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _pid(path: Path) -> int | None:
    try:
        return int(path.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None


def _named(pid: int | None) -> str:
    try:
        command = " ".join(psutil.Process(pid).cmdline()) if pid else ""
    except psutil.Error:
        return f"process {pid}, which has ended, but not all that it had started"
    return f"process {pid} ({command[:100]})"
