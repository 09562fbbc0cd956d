"""Where computations run, and how, so that their results depend neither on cores nor on workers.

The device, the number of workers and the engine come from the environment.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import joblib
from threadpoolctl import threadpool_limits

from capsnet_study.common.executed import checksum_of_modules
from capsnet_study.running.cluster import address_of, run_on_cluster

if TYPE_CHECKING:
    import torch

Result = TypeVar("Result")


def device() -> torch.device:
    """Return the device of ``CAPS_DEVICE``, else CUDA where there is one, else the CPU."""
    import torch

    named = os.environ.get("CAPS_DEVICE")
    if named:
        try:
            return torch.device(named)
        except RuntimeError as error:
            raise ValueError(f"CAPS_DEVICE = {named!r}: {error}") from None
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def workers() -> int:
    """Return the worker count of ``CAPS_WORKERS``, else one a core (one for a GPU).

    Where PyTorch, which takes a second to load, is not in use, there is no work for a GPU.
    """
    named = os.environ.get("CAPS_WORKERS")
    if named is None:
        on_gpu = "torch" in sys.modules and device().type == "cuda"
        return 1 if on_gpu else joblib.cpu_count()
    if not named.isdecimal() or int(named) < 1:
        raise ValueError(f"CAPS_WORKERS = {named!r}: a whole number of at least 1 is needed")
    return int(named)


def run_side_by_side(
    function: Callable[..., Result], tasks: Iterable[Sequence[Any]]
) -> list[Result]:
    """Call ``function(*task)`` for every task, `repeatable`, and return the results in order.

    They run in processes of this machine, or on the cluster that ``CAPS_ENGINE`` names. The results
    do not depend on the worker count: a task draws its random numbers from its own streams and
    computes in the same way wherever it runs. A task that fails stops no other one; once all have
    ended, the first failure is raised, with a note of each further one.
    """
    attempts = [(function, task) for task in tasks]
    address = address_of(os.environ.get("CAPS_ENGINE", "local"))
    if address is not None:
        ended = run_on_cluster(address, _attempt, attempts, checksum_of_package)
    else:
        with joblib.parallel_config("loky", n_jobs=workers(), inner_max_num_threads=1):
            here = joblib.delayed(_attempt_for)
            ended = joblib.Parallel()(here(os.getpid(), *attempt) for attempt in attempts)
    failures = [error for _, error in ended if error is not None]
    if failures:
        for other in failures[1:]:
            failures[0].add_note(f"and {type(other).__name__}: {other}")
        raise failures[0]
    return [result for result, _ in ended]


def checksum_of_package() -> str:
    """Return a hash of what all modules of this package execute, and of its libraries."""
    folder = Path(__file__).parents[1]
    files = {str(path.relative_to(folder)): path for path in folder.rglob("*.py")}
    return checksum_of_modules(files)


@contextmanager
def repeatable() -> Iterator[None]:
    """Compute on one thread, and on a GPU with repeatable kernels in full float32.

    Sums that threads share are rounded in another order. On a GPU, cuDNN would choose among its
    kernels by timing them, some add in any order, and TF32 keeps 10 bits of each factor; what is
    set here stays set in this process.
    """
    with threadpool_limits(limits=1):
        if "torch" not in sys.modules:  # whoever computes with it has loaded it
            yield
            return
        import torch

        torch.backends.cudnn.deterministic = True
        torch.backends.cudnn.benchmark = False
        torch.backends.cudnn.allow_tf32 = False
        torch.backends.cuda.matmul.allow_tf32 = False
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)


def _attempt_for(
    parent: int, function: Callable[..., Result], task: Sequence[Any]
) -> tuple[Result | None, Exception | None]:
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


def _attempt(
    function: Callable[..., Result], task: Sequence[Any]
) -> tuple[Result | None, Exception | None]:
    try:
        with repeatable():
            return function(*task), None
    except Exception as error:
        error.add_note(traceback.format_exc())  # which is lost between processes
        return None, error
