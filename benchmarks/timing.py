"""Fair measurements: alternatives take turns in one process, and medians are reported."""

from __future__ import annotations

import multiprocessing
import platform
import re
import statistics
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import torch

from capsnet_study.common.devices import deterministic

Work = Callable[[], object]


def take_turns(works: Mapping[str, Work], rounds: int, warm_up: int = 2) -> dict[str, float]:
    """Return the median seconds of each work.

    Every round runs each work once, so that a slow minute of the machine affects all of them. On a
    GPU a work ends when the device has finished, not when Python has queued it.
    """
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(warm_up + rounds):
        for name, work in works.items():
            began = time.perf_counter()
            work()
            if torch.cuda.is_initialized():
                torch.cuda.synchronize()
            if turn >= warm_up:
                seconds[name].append(time.perf_counter() - began)
    return {name: statistics.median(values) for name, values in seconds.items()}


def peak_growth(prepare: Callable[..., Work], *arguments: object) -> float:
    """Return by how many MiB the peak memory of a fresh process grows while it works once.

    ``prepare(*arguments)`` returns the work, and runs before the measurement starts. If it used a
    GPU, the memory is that of the GPU.
    """
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as pool:
        return pool.submit(_growth, prepare, arguments).result()


def machine(device: torch.device) -> dict[str, object]:
    """Return the processor, its speed in a large matrix product and the versions of software."""
    on_gpu = device.type == "cuda"
    capability = f"{platform.machine()}, {torch.backends.cpu.get_cpu_capability()}"
    return {
        "processor": torch.cuda.get_device_name(device) if on_gpu else capability,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "flops_per_second": _flops_per_second(device),
    }


def _flops_per_second(device: torch.device, size: int = 1024) -> float:
    a, b = torch.rand(2, size, size, device=device)
    seconds = take_turns({"product": lambda: a @ b}, rounds=9)["product"]
    return 2 * size**3 / seconds


def _growth(prepare: Callable[..., Work], arguments: tuple[object, ...]) -> float:
    with deterministic():
        work = prepare(*arguments)
        before = _peak_mib()
        work()
        return _peak_mib() - before


def _peak_mib() -> float:
    if torch.cuda.is_initialized():
        return torch.cuda.max_memory_allocated() / 2**20
    # Linux's `ru_maxrss` may be the peak of the parent process.
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1)) / 1024
