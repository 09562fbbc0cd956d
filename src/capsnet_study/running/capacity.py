"""How many stages can run at once, and whether they share the cores of this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from capsnet_study.running.cluster import PATIENCE, ClusterError, address_of

ASK = """
import sys
from distributed import Client
with Client(sys.argv[1], timeout=sys.argv[2], set_as_default=False) as client:
    client.wait_for_workers(1, timeout=float(sys.argv[2]))
    print(sum(w["nthreads"] for w in client.scheduler_info(n_workers=-1)["workers"].values()))
"""


def capacity(environment: Mapping[str, str]) -> tuple[int, bool]:
    """Return how many stages run at once by default, and whether they are told their workers.

    On a cluster the stages only send their trials: there are as many as fill the cluster, even if
    each had a single trial. On a GPU there is one stage at once, as there is one trial at once.
    On CPU cores there is one stage a core, and each is told how many cores are its own, unless
    ``CAPS_WORKERS`` is set already.

    Raises
    ------
    ClusterError
        ``CAPS_ENGINE`` names no cluster, or one that does not answer.
    """
    address = address_of(environment.get("CAPS_ENGINE", "local"))
    if address is not None:
        return threads_of_cluster(address), False
    if on_gpu(environment):
        return 1, False
    return cores(), "CAPS_WORKERS" not in environment


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def on_gpu(environment: Mapping[str, str]) -> bool:
    """Return whether stages will compute on a GPU, without loading PyTorch to ask."""
    named = environment.get("CAPS_DEVICE")
    if named:
        return not named.startswith("cpu")
    hidden = environment.get("CUDA_VISIBLE_DEVICES") in ("", "-1")
    return Path("/dev/nvidia0").exists() and not hidden


def threads_of_cluster(address: str) -> int:
    """Return the threads of all workers of a Dask cluster.

    Dask is asked by another process: it starts threads, and this one must be able to fork.

    Raises
    ------
    ClusterError
        No scheduler answers there, or it has no worker.
    """
    command = [sys.executable, "-c", ASK, address, str(PATIENCE)]
    told = subprocess.run(command, capture_output=True, text=True)
    if told.returncode:
        reason = told.stderr.strip().splitlines()[-1:] or ["no answer"]
        raise ClusterError(f"CAPS_ENGINE: the cluster at {address}: {reason[0]}")
    return max(1, int(told.stdout))
