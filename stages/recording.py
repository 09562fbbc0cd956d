"""What a stage cost and where it ran: facts that nothing but the report tells.

Nothing here can touch a number, and no stage depends on it.
"""

from __future__ import annotations

import atexit
import gc
import os
import platform
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from capsnet_study.common.storage import write_json
from capsnet_study.running.lockfile import keep_lock
from capsnet_study.running.output import record_path


@contextmanager
def recorded(stage: str) -> Iterator[None]:
    """Refuse wrong parameters; write ``metrics/runtime/<stage>.json`` when the stage has ended."""
    began = time.perf_counter()
    keep_lock()
    facts = {"stage": stage}
    yield
    facts |= {"seconds": round(time.perf_counter() - began, 1), "peak_memory_mb": _peak_mb()}
    write_json(record_path(stage), facts | _host())
    atexit.register(gc.freeze)  # a last search of all of PyTorch for garbage takes a second


def _host() -> dict[str, str | int]:
    device = _device()
    by_default = "1" if device.startswith("cuda") else "one a core"  # as `workers` has it
    engine = os.environ.get("CAPS_ENGINE", "local").split(":")[0]
    workers = os.environ.get("CAPS_WORKERS", by_default) if engine == "local" else "the cluster's"
    return {
        "cores": os.cpu_count() or 1,
        "cpu": _cpu_name(),
        "device": device,
        "engine": engine,
        "python": platform.python_version(),
        "routing": _routing(device),
        "threads_a_task": 1,  # what capsnet_study.common.workers.repeatable sees to
        "workers": workers,
        **{name: version(name) for name in ("numba", "numpy", "torch")},
    }


def _device() -> str:
    """Return the device that the stage could use, a GPU with its model."""
    torch = sys.modules.get("torch")
    if torch is None:
        return "cpu"
    kind = os.environ.get("CAPS_DEVICE") or ("cuda" if torch.cuda.is_available() else "cpu")
    return f"{kind} ({torch.cuda.get_device_name(kind)})" if kind.startswith("cuda") else kind


def _routing(device: str) -> str:
    """Return how capsule layers were routed, or that there were none."""
    path = sys.modules.get("capsnet_study.routing.path")
    if path is None:
        return "none"
    torch = sys.modules["torch"]
    return path.routing_path(torch.device(device.split()[0]), torch.float32)


def _cpu_name() -> str:
    facts = Path("/proc/cpuinfo")
    lines = facts.read_text().splitlines() if facts.is_file() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"


def _peak_mb() -> float:
    """Return the peak resident memory of the largest process, workers included."""
    if "joblib" in sys.modules:  # the peak of a worker is known once it has ended
        from joblib.externals.loky import get_reusable_executor

        get_reusable_executor().shutdown(wait=True)
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    peak = max(resource.getrusage(part).ru_maxrss for part in who)
    return round(peak / (1024**2 if sys.platform == "darwin" else 1024), 1)  # bytes there, else KB
