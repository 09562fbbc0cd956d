"""Honest timings: alternatives take turns in one process, on one thread, and medians count."""

from __future__ import annotations

import multiprocessing
import re
import statistics
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import torch
from threadpoolctl import threadpool_limits

Work = Callable[[], object]


def on_one_thread() -> None:
    """Keep this process to one thread of computation."""
    torch.set_num_threads(1)
    threadpool_limits(1)


def take_turns(works: Mapping[str, Work], rounds: int, warm_up: int = 2) -> dict[str, float]:
    """Return the median seconds of each work.

    Every round runs each work once, so that a slow minute of the machine hits all alike.
    """
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(warm_up + rounds):
        for name, work in works.items():
            began = time.perf_counter()
            work()
            if turn >= warm_up:
                seconds[name].append(time.perf_counter() - began)
    return {name: statistics.median(values) for name, values in seconds.items()}


def peak_growth(prepare: Callable[..., Work], *arguments: object) -> float:
    """Return by how many MiB the peak memory of a fresh process grows while it works once.

    ``prepare(*arguments)`` runs before the measurement and returns the work.
    """
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as pool:
        return pool.submit(_grow, prepare, arguments).result()


def machine_scaling(processes: int = 2, seconds: float = 3.0) -> float:
    """Return by how much more so many processes multiply small matrices than one does.

    All their data fits the first caches: what is missing to the number of processes, the cores
    themselves do not give (shared execution units, a lower clock), whatever the program.
    """
    counts = []
    for count in (1, processes):
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(count, mp_context=spawn) as pool:
            start = time.time() + 8.0  # all are up by then
            counts.append(sum(pool.map(_products, [start] * count, [seconds] * count)))
    return counts[1] / counts[0]


def _products(start: float, seconds: float) -> int:
    on_one_thread()
    a, b, out = torch.rand(48, 48), torch.rand(48, 48), torch.empty(48, 48)
    time.sleep(max(0.0, start - time.time()))
    done = 0
    while time.time() < start + seconds:
        for _ in range(100):
            torch.mm(a, b, out=out)
        done += 100
    return done


def _grow(prepare: Callable[..., Work], arguments: tuple[object, ...]) -> float:
    on_one_thread()
    work = prepare(*arguments)
    before = _peak_mib()
    work()
    return _peak_mib() - before


def _peak_mib() -> float:
    """Return the peak of this process's memory; Linux's `ru_maxrss` may be that of its parent."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1)) / 1024


def machine_bandwidth(mebibytes: int = 512) -> float:
    """Return the bytes a second that one thread reads from memory."""
    array = torch.ones(mebibytes * 2**18)
    best = min(take_turns({str(turn): array.sum for turn in range(3)}, rounds=3).values())
    return array.numel() * array.element_size() / best


def machine_flops(size: int = 1024) -> float:
    """Return the float32 operations a second of one thread in a large matrix product."""
    a, b = torch.rand(size, size), torch.rand(size, size)
    best = min(take_turns({str(turn): lambda: a @ b for turn in range(3)}, rounds=3).values())
    return 2 * size**3 / best
