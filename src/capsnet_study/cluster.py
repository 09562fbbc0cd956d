"""Computations on a Dask cluster: the same tasks, on other machines."""

from __future__ import annotations

import hashlib
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import joblib

PATIENCE = 60.0  # seconds to wait for the scheduler, and for the first worker


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


@contextmanager
def joined(address: str) -> Iterator[str]:
    """Send what joblib runs to the cluster of a scheduler; yield what `check_worker` needs.

    A task whose worker is lost runs again on another one, up to three times.

    Raises
    ------
    ClusterError
        Dask is not installed, nobody answers at `address`, or no worker comes.
    """
    try:
        from distributed import Client
    except ImportError:
        raise ClusterError("CAPS_ENGINE: Dask is missing: pip install '.[cluster]'") from None
    try:
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except OSError as error:
        raise ClusterError(f"CAPS_ENGINE: no Dask scheduler answers at {address}") from error
    with client:
        try:
            client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError as error:
            raise ClusterError(f"CAPS_ENGINE: the cluster at {address} has no worker") from error
        with joblib.parallel_config("dask", client=client):
            yield checksum_of_package()


def check_worker(code: str) -> None:
    """Refuse to compute on a Dask worker whose results could be others.

    Raises
    ------
    ClusterError
        It runs other code or other versions, or several tasks at once in one process.
    """
    from distributed import get_worker

    where = f"worker {get_worker().address} on {socket.gethostname()}"
    threads = get_worker().state.nthreads
    if threads != 1:
        raise ClusterError(f"{where} has {threads} threads: start it with --nthreads 1")
    if checksum_of_package() != code:
        raise ClusterError(f"{where} has another version of the study, Numba, NumPy or PyTorch")


def checksum_of_package() -> str:
    """Return a hash of all code of this package, and of what it computes with."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.name.encode() + path.read_bytes())
    for package in ("numba", "numpy", "torch"):
        digest.update(version(package).encode())
    return digest.hexdigest()
