"""What another routing costs: a training step of the study's CapsNet, on one thread.

``python -m benchmarks.algorithms`` takes about a minute and writes
``benchmarks/results/algorithms.json``: milliseconds a step of 16 images, each kind of arm in turn.
"""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path

import torch

from benchmarks.cases import CAPSULES, SMALL, network_step
from benchmarks.timing import on_one_thread, take_turns
from capsnet_study.models.capsnet import CapsNet
from capsnet_study.routing.algorithms import ALGORITHMS
from capsnet_study.routing.params import ONE_UPDATE, RoutingParams
from stages.command import run_command

RESULTS = Path(__file__).parent / "results" / "algorithms.json"
BATCH = 16


def main(rounds: int = 15, out: Path = RESULTS) -> None:
    """Time a step of each kind of routing and write it down."""
    on_one_thread()
    works = {
        name: network_step(CapsNet(SMALL, CAPSULES, routing), BATCH)
        for name, routing in routings().items()
    }
    seconds = take_turns(works, rounds)
    facts = {"batch": BATCH, "torch": torch.__version__, "python": platform.python_version()}
    facts |= {"cores": os.cpu_count()}
    steps = {name: round(1e3 * value, 1) for name, value in seconds.items()}
    out.write_text(json.dumps(facts | {"step_ms": steps}, indent=2) + "\n")
    print(json.dumps(steps, indent=2))


def routings() -> dict[str, RoutingParams]:
    """Return the kinds of routing by name, with three iterations where there is a choice."""
    known = {
        "dynamic": RoutingParams(3, 1.0),
        "dynamic, n = 9": RoutingParams(9, 1.0),
        "H = 0.85 log J": RoutingParams(3, 1.0, certainty=0.85),
        "H = 0.85 log J, n = 9": RoutingParams(9, 1.0, certainty=0.85),
        "sham": RoutingParams(3, 1.0, couplings_of="other"),
        "temperature 2": RoutingParams(3, 1.0, temperature=2.0),
    }
    for name in ALGORITHMS:
        n_iter = 2 if name in ONE_UPDATE else 3
        known.setdefault(name, RoutingParams(n_iter, 1.0, algorithm=name))
    return known


if __name__ == "__main__":
    run_command(main)
