"""Tasks on a Dask cluster."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from capsnet_study.common.errors import StudyError

if TYPE_CHECKING:
    from distributed import Client

PATIENCE = 60.0  # seconds to wait for the scheduler, and for its first worker
CHOICES = ("CAPS_DEVICE", "CAPS_ROUTING")  # set for the stage, they hold on its workers, too


class ClusterError(StudyError):
    """No cluster is named or reached, or a worker would compute something else."""


def address_of(engine: str) -> str | None:
    """Return the scheduler's address in ``CAPS_ENGINE``; None for ``local``."""
    if engine == "local":
        return None
    found = re.fullmatch(r"dask://([^/:]+:\d+)", engine)
    if found is None:
        raise ClusterError(f"CAPS_ENGINE = {engine!r}: 'local' or 'dask://host:port' is needed")
    return f"tcp://{found.group(1)}"


def run_on_cluster(
    address: str,
    function: Callable[..., Any],
    tasks: Sequence[Sequence[Any]],
    checksum: Callable[[], str],
) -> list[Any]:
    """Call ``function(*task)`` for every task on the workers of a scheduler; return the results.

    Each task is sent with its arguments, as data scattered beforehand would be lost with the
    worker that holds it. Dask runs the task of a lost worker again, up to three times.
    `checksum` identifies the code and the libraries that a worker computes with: one that differs
    from this process, or has several threads, raises a `ClusterError`.
    """
    same = {"function": function, "checksum": checksum, "expected": checksum()}
    same["chosen"] = {name: os.environ[name] for name in CHOICES if name in os.environ}
    with connected(address) as client:
        futures = client.map(_call_on_worker, list(tasks), **same, pure=False, batch_size=1)
        return client.gather(futures)


@contextmanager
def connected(address: str) -> Iterator[Client]:
    """Give a client of a scheduler that has a worker."""
    try:
        import dask
        from distributed import Client
    except ImportError:
        raise ClusterError("CAPS_ENGINE: Dask is missing: pip install '.[cluster]'") from None
    dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 GB"})
    with ExitStack() as opened:
        try:
            client = Client(address, timeout=PATIENCE, set_as_default=False)
            opened.enter_context(client).wait_for_workers(1, timeout=PATIENCE)
        except OSError:  # a TimeoutError is one, too
            raise ClusterError(f"CAPS_ENGINE: no scheduler with a worker at {address}") from None
        yield client


def _call_on_worker(
    task: Sequence[Any],
    function: Callable[..., Any],
    checksum: Callable[[], str],
    expected: str,
    chosen: dict[str, str],
) -> Any:
    from distributed import get_worker

    where = f"worker {get_worker().address} on {socket.gethostname()}"
    if (threads := get_worker().state.nthreads) != 1:
        raise ClusterError(f"{where} has {threads} threads: start it with --nthreads 1")
    if checksum() != expected:  # asked with every task, as workers may join late
        raise ClusterError(f"{where} has another version of the study or of its libraries")
    own = dict(os.environ)
    os.environ.update(chosen)
    try:
        return function(*task)
    finally:
        os.environ.clear()
        os.environ.update(own)
