"""Tasks side by side: in processes of this machine or on a cluster, always with the same results.

The number of workers and the engine come from the environment.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import joblib
import psutil

from capsnet_study.common.devices import deterministic, device
from capsnet_study.common.errors import USER_ERRORS, ParameterError
from capsnet_study.common.executed import checksum_of_modules
from capsnet_study.running.cluster import address_of, run_on_cluster

Result = TypeVar("Result")
Ended = tuple[Result | None, Exception | None]

PROCESS_MEMORY = 0.9e9  # bytes that a process takes in which PyTorch trains a network
CGROUPS = Path("/sys/fs/cgroup")
MEMORY_OF_CGROUPS = (  # the limit, the statistics, and what is no cache in them: versions 2 and 1
    ("memory.max", "memory.stat", "anon"),
    ("memory/memory.limit_in_bytes", "memory/memory.stat", "total_rss"),
)


def workers() -> int:
    """Return the worker count of ``CAPS_WORKERS``, else one a usable core (one for a GPU).

    Where PyTorch, which takes a second to load, is not in use, there is no work for a GPU.
    """
    named = os.environ.get("CAPS_WORKERS")
    if named is None:
        on_gpu = "torch" in sys.modules and device().type == "cuda"
        return 1 if on_gpu else cores()
    if not named.isdecimal() or int(named) < 1:
        raise ParameterError(f"CAPS_WORKERS = {named!r}: a whole number of at least 1 is needed")
    return int(named)


def cores() -> int:
    """Return how many processes can train side by side here, at least 1.

    Cores count as far as affinity and the CPU quota of a container let this process use them, and
    as far as there is memory for a process on each.
    """
    return max(1, min(joblib.cpu_count(), int(_free_memory() / PROCESS_MEMORY)))


def _free_memory() -> int:
    """Return the bytes that this machine, or the container within its limit, has left."""
    free = [psutil.virtual_memory().available]
    for limit, statistics, used in MEMORY_OF_CGROUPS:
        with suppress(OSError, KeyError, ValueError):  # another version, or no limit: "max"
            lines = (CGROUPS / statistics).read_text().splitlines()
            facts = dict(line.split() for line in lines)
            free.append(int((CGROUPS / limit).read_text()) - int(facts[used]))
    return min(free)


def parallel_map(function: Callable[..., Result], tasks: Iterable[Sequence[Any]]) -> list[Result]:
    """Call ``function(*task)`` for every task, `deterministic`, and return the results in order.

    They run on the cluster that ``CAPS_ENGINE`` names, else on this machine: in processes of their
    own or, where one worker does them all, in this one. The results do not depend on the worker
    count: a task draws its random numbers from its own streams and computes in the same way
    wherever it runs. A task that fails stops no other one; once all have ended, the first failure
    is raised, with a note of each further one.
    """
    attempts = [(function, task) for task in tasks]
    address = address_of(os.environ.get("CAPS_ENGINE", "local"))
    if address is not None:
        ended = run_on_cluster(address, _attempt, attempts, checksum_of_package)
    else:
        ended = _run_here(attempts)
    failures = [error for _, error in ended if error is not None]
    if failures:
        for other in failures[1:]:
            failures[0].add_note(f"and {type(other).__name__}: {other}")
        raise failures[0]
    return [result for result, _ in ended]


def _run_here(attempts: Sequence[tuple[Callable[..., Result], Sequence[Any]]]) -> list[Ended]:
    count = min(workers(), len(attempts))
    if count <= 1:
        return [_attempt(*attempt) for attempt in attempts]
    try:
        multiprocessing.Semaphore()
    except (ImportError, OSError) as error:
        raise ParameterError(
            f"{count} workers need semaphores, and this machine gives none ({error}): make "
            "/dev/shm writable, or set CAPS_WORKERS=1, which needs none"
        ) from None
    with joblib.parallel_config("loky", n_jobs=count, inner_max_num_threads=1):
        here = joblib.delayed(_attempt_for)
        return joblib.Parallel()(here(os.getpid(), *attempt) for attempt in attempts)


def checksum_of_package() -> str:
    """Return a hash of what all modules of this package execute, and of its libraries."""
    folder = Path(__file__).parents[1]
    files = {str(path.relative_to(folder)): path for path in folder.rglob("*.py")}
    return checksum_of_modules(files)


def _attempt_for(parent: int, function: Callable[..., Result], task: Sequence[Any]) -> Ended:
    if os.getpid() != parent:
        _end_with(parent)
    return _attempt(function, task)


@cache
def _end_with(parent: int) -> None:
    """End this process, a worker, once its parent has: a stage may be killed at any moment."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _attempt(function: Callable[..., Result], task: Sequence[Any]) -> Ended:
    try:
        with deterministic():
            return function(*task), None
    except Exception as error:
        if not isinstance(error, USER_ERRORS):
            error.add_note(traceback.format_exc())  # which is lost between processes
        return None, error
