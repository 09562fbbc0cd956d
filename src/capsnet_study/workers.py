"""Where trials run: the device, and how many run side by side; both from the environment."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import joblib
import torch

Result = TypeVar("Result")


def device() -> torch.device:
    """Return the device of ``CAPS_DEVICE``, else CUDA where there is one, else the CPU."""
    named = os.environ.get("CAPS_DEVICE")
    if named:
        return torch.device(named)
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def workers() -> int:
    """Return the worker count of ``CAPS_WORKERS``, else one a core (one for a GPU)."""
    named = os.environ.get("CAPS_WORKERS")
    if named is None:
        return 1 if device().type == "cuda" else joblib.cpu_count()
    if not named.isdigit() or int(named) < 1:
        raise ValueError(f"CAPS_WORKERS = {named!r}: a whole number of at least 1 is needed")
    return int(named)


def run_side_by_side(
    function: Callable[..., Result], tasks: Iterable[Sequence[Any]]
) -> list[Result]:
    """Call ``function(*task)`` for every task, each on one thread, and return the results in order.

    The results do not depend on the worker count: a task draws its random numbers from its own
    streams and computes on one thread wherever it runs.
    """
    with joblib.parallel_config("loky", n_jobs=workers(), inner_max_num_threads=1):
        return joblib.Parallel()(joblib.delayed(_on_one_thread)(function, task) for task in tasks)


def _on_one_thread(function: Callable[..., Result], task: Sequence[Any]) -> Result:
    torch.set_num_threads(1)
    return function(*task)
