"""What a stage cost and where it ran: facts that nothing but the report depends on."""

from __future__ import annotations

import os
import platform
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from capsnet_study.storage import write_json


@contextmanager
def recorded(stage: str) -> Iterator[None]:
    """Write ``metrics/runtime/<stage>.json`` when the stage has ended well."""
    began = time.perf_counter()
    yield
    facts = {"stage": stage, "seconds": round(time.perf_counter() - began, 1)}
    write_json(f"metrics/runtime/{stage}.json", facts | _host() | {"peak_memory_mb": _peak_mb()})


def _host() -> dict[str, str | int]:
    torch = sys.modules.get("torch")
    on_gpu = torch is not None and torch.cuda.is_available()
    return {
        "cores": os.cpu_count() or 1,
        "cpu": _cpu_name(),
        "device": os.environ.get("CAPS_DEVICE", "cuda" if on_gpu else "cpu"),
        "python": platform.python_version(),
        "torch": version("torch"),
        "workers": os.environ.get("CAPS_WORKERS", "one a core"),
    }


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
    peak_kb = max(resource.getrusage(part).ru_maxrss for part in who)
    return round(peak_kb / 1024, 1)
