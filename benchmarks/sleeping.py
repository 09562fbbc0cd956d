"""A stage for `benchmarks.parallel`: it sends tasks that sleep to the cluster of CAPS_ENGINE."""

from __future__ import annotations

import os
import time

from capsnet_study.running.cluster import address_of, run_on_cluster
from stages.command import run_command


def main(tasks: int, seconds: float) -> None:
    """Sleep so many times for so many seconds on the cluster."""
    address = address_of(os.environ["CAPS_ENGINE"])
    assert address is not None, "CAPS_ENGINE: a cluster is needed"
    run_on_cluster(address, time.sleep, [(seconds,)] * tasks, checksum=str)


if __name__ == "__main__":
    run_command(main)
