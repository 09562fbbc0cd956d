"""What every stage does at its start and at its end: nothing that affects its results."""

from __future__ import annotations

import atexit
import csv
import gc
import io
import os
import platform
import resource
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import psutil
from filelock import FileLock

from capsnet_study.common.storage import write_text
from capsnet_study.common.workers import workers
from capsnet_study.running.lockfile import keep_lock

RUNTIME = Path("metrics/runtime.csv")
SHELLS = ("sh", "ash", "bash", "dash", "fish", "ksh", "zsh")


@contextmanager
def recorded(stage: str) -> Iterator[None]:
    """Keep a copy of dvc.lock at the start of a stage, and record what it cost at its end."""
    began = time.perf_counter()
    end_with_dvc()
    keep_lock()
    yield
    seconds = round(time.perf_counter() - began, 1)
    write_row({"stage": stage, "seconds": seconds, "peak_memory_mb": _peak_mb(), **_host()})
    atexit.register(gc.freeze)  # a last search of all of PyTorch for garbage takes a second


def end_with_dvc() -> None:
    """End this process soon after DVC or the parallel runner has been killed.

    Nobody would record the outs of a stage that went on. One that was started without DVC does.
    """
    if "DVC_STAGE" not in os.environ:
        return
    ancestors = psutil.Process().parents()
    dvc = next(one.pid for one in ancestors if one.name() not in SHELLS)  # it may use a shell
    runner = int(os.environ.get("CAPS_RUNNER", dvc))

    def watch() -> None:
        while psutil.pid_exists(dvc) and psutil.pid_exists(runner):
            time.sleep(1.0)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def write_row(row: dict[str, object], path: Path = RUNTIME) -> None:
    """Write the row of a stage into the table, sorted by stage; other stages may do so, too."""
    lock = Path(".dvc/tmp/runtime.lock")
    lock.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(lock):
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        rows = {one["stage"]: one for one in csv.DictReader(text.splitlines())}
        rows[str(row["stage"])] = row
        table = io.StringIO()
        writer = csv.DictWriter(table, list(row), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows[stage] for stage in sorted(rows))
        write_text(path, table.getvalue())


def _host() -> dict[str, str | int]:
    device = _device()
    engine = os.environ.get("CAPS_ENGINE", "local").split(":")[0]
    return {
        "cores": os.cpu_count() or 1,
        "cpu": _cpu_name(),
        "device": device,
        "engine": engine,
        "workers": workers() if engine == "local" else "cluster",
        "routing": _routing(device),
        "python": platform.python_version(),
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
