"""Computations on a Dask cluster: the same tasks, on other machines."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from distributed import Client, Future

Result = TypeVar("Result")

PATIENCE = 60.0  # seconds to wait for the scheduler, and for the first worker
CHOICES = ("CAPS_DEVICE", "CAPS_ROUTING")  # where they are set, they hold for workers, too


class ClusterError(RuntimeError):
    """No cluster is named or reached there, or a worker would compute something else."""


def address_of(engine: str) -> str | None:
    """Return the scheduler's address in ``CAPS_ENGINE``; None for ``local``.

    Raises
    ------
    ClusterError
        It is neither ``local`` nor ``dask://host:port``.
    """
    if engine == "local":
        return None
    found = re.fullmatch(r"dask://([^/:]+:\d+)", engine)
    if found is None:
        raise ClusterError(f"CAPS_ENGINE = {engine!r}: 'local' or 'dask://host:port' is needed")
    return f"tcp://{found.group(1)}"


def run_on_cluster(
    address: str,
    function: Callable[..., Result],
    tasks: Sequence[Sequence[Any]],
    checksum: Callable[[], str],
) -> list[Result]:
    """Call ``function(*task)`` for every task on the workers of a scheduler; return the results.

    A task whose worker is lost runs again on another one, up to three times. Only about twice as
    many tasks as there are workers travel at a time: each one carries its images, as what is
    scattered beforehand is lost with its worker.

    Parameters
    ----------
    address
        As `address_of` gives it.
    checksum
        Tells on a worker which code, and which versions of libraries, it computes with.

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
    code = checksum()
    chosen = {name: os.environ[name] for name in CHOICES if name in os.environ}
    calls = [(checksum, code, chosen, function, *task) for task in tasks]
    with (
        _connected(Client, address) as client,
        dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 GB"}),
    ):
        return _in_turn(client, calls)


def _connected(kind: type[Client], address: str) -> Client:
    """Return a client of the scheduler once that has a worker."""
    try:
        client = kind(address, timeout=PATIENCE, set_as_default=False)
    except OSError as error:
        raise ClusterError(f"CAPS_ENGINE: no Dask scheduler answers at {address}") from error
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except TimeoutError as error:
        client.close()
        raise ClusterError(f"CAPS_ENGINE: the cluster at {address} has no worker") from error
    return client


def _in_turn(client: Client, calls: Sequence[Sequence[Any]]) -> list[Any]:
    """Call `_checked` with each of the arguments, not too many at a time."""
    from distributed import as_completed

    ahead = 2 * len(client.scheduler_info(n_workers=-1)["workers"])
    waiting = enumerate(calls)
    numbers, results = {}, {}

    def submit(number: int, call: Sequence[Any]) -> Future:
        future = client.submit(_checked, *call, pure=False)
        numbers[future.key] = number
        return future

    first = [submit(*one) for one in islice(waiting, ahead)]
    running = as_completed(first, loop=client.loop)
    for future in running:
        results[numbers[future.key]] = future.result()
        for one in islice(waiting, 1):
            running.add(submit(*one))
    return [results[number] for number in sorted(results)]


def _checked(
    checksum: Callable[[], str],
    code: str,
    chosen: dict[str, str],
    function: Callable[..., Result],
    *task: Any,
) -> Result:
    """Call the function as the stage would, unless this worker's results could be others."""
    from distributed import get_worker

    where = f"worker {get_worker().address} on {socket.gethostname()}"
    threads = get_worker().state.nthreads
    if threads != 1:
        raise ClusterError(f"{where} has {threads} threads: start it with --nthreads 1")
    if checksum() != code:
        raise ClusterError(f"{where} has another version of the study or of what it computes with")
    own = dict(os.environ)
    os.environ.update(chosen)
    try:
        return function(*task)
    finally:
        os.environ.clear()
        os.environ.update(own)
