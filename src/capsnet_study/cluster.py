"""Computations on a Dask cluster: the same tasks, on other machines."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch

from capsnet_study.storage import checksum_of_files

Result = TypeVar("Result")

PATIENCE = 60.0  # seconds to wait for the scheduler, and for the first worker
CHOICES = ("CAPS_DEVICE", "CAPS_ROUTING")  # where they are set, they hold for workers, too


class ClusterError(RuntimeError):
    """The cluster cannot be reached, or a worker would compute something else."""


def address_of(engine: str) -> str | None:
    """Return the scheduler's address in ``CAPS_ENGINE``; None for ``local``.

    Raises
    ------
    ValueError
        It is neither ``local`` nor ``dask://host:port``.
    """
    if engine == "local":
        return None
    found = re.fullmatch(r"dask://([^/:]+:\d+)", engine)
    if found is None:
        raise ValueError(f"CAPS_ENGINE = {engine!r}: 'local' or 'dask://host:port' is needed")
    return f"tcp://{found.group(1)}"


def run_on_cluster(
    address: str, function: Callable[..., Result], tasks: Sequence[Sequence[Any]]
) -> list[Result]:
    """Call ``function(*task)`` for every task on the workers of a scheduler; return the results.

    A task whose worker is lost runs again on another one, up to three times.

    Raises
    ------
    ClusterError
        Dask is not installed, nobody answers at `address`, no worker comes, or one of them runs
        other code or several tasks at once.
    """
    try:
        import dask
        from distributed import Client
    except ImportError:
        raise ClusterError("CAPS_ENGINE: Dask is missing: pip install '.[cluster]'") from None
    try:
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except OSError as error:
        raise ClusterError(f"CAPS_ENGINE: no Dask scheduler answers at {address}") from error
    # Every task carries its images: what is scattered beforehand is lost with its worker.
    with client, dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 GB"}):
        try:
            client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError as error:
            raise ClusterError(f"CAPS_ENGINE: the cluster at {address} has no worker") from error
        code = checksum_of_package()
        chosen = {name: os.environ[name] for name in CHOICES if name in os.environ}
        futures = [
            client.submit(_checked, code, chosen, function, *task, pure=False) for task in tasks
        ]
        return client.gather(futures)


def _checked(
    code: str, chosen: dict[str, str], function: Callable[..., Result], *task: Any
) -> Result:
    """Call the function as the stage would, unless this worker's results could be others."""
    from distributed import get_worker

    where = f"worker {get_worker().address} on {socket.gethostname()}"
    threads = get_worker().state.nthreads
    if threads != 1:
        raise ClusterError(f"{where} has {threads} threads: start it with --nthreads 1")
    if checksum_of_package() != code:
        raise ClusterError(f"{where} has another version of the study or of what it computes with")
    with patch.dict(os.environ, chosen):
        return function(*task)


def checksum_of_package() -> str:
    """Return a hash of all code of this package, and of what it computes with."""
    folder = Path(__file__).parent
    return checksum_of_files({str(path.relative_to(folder)): path for path in folder.rglob("*.py")})
