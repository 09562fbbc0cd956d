"""Measure the routed layer and the networks around it: ``python -m benchmarks.routing``.

One thread, a quiet machine: all ratios come from runs that took turns within this process.
"""

from __future__ import annotations

import json
import platform
from pathlib import Path
from typing import Annotated

import torch
import typer

from benchmarks import cases, roofline
from benchmarks.picture import draw
from benchmarks.table import describe
from benchmarks.timing import (
    machine_bandwidth,
    machine_flops,
    machine_scaling,
    on_one_thread,
    peak_growth,
    take_turns,
)
from stages.command import run_command

FOLDER = Path(__file__).parent / "results"
ITERATIONS = (1, 2, 3, 5, 7, 9)
TARGETS = {  # name: (bound, whether it is an upper one)
    "step / convolutions, J 10, n 3, last": (1.15, True),
    "step / convolutions, J 10, n 3, full": (1.35, True),
    "step / convolutions, J 32, n 3, last": (1.6, True),
    "step at n 9 / step at n 1, J 10, last": (1.2, True),
    "broadcast / fused layer, J 32, n 3, full": (8.0, False),
    "small CapsNet / CNN step, n 3, full": (2.5, True),
    "trials an hour, 2 workers / 1": (1.8, False),
}


def main(
    rounds: Annotated[int, typer.Option(min=3, help="Repeats of each measurement.")] = 7,
    batch: Annotated[int, typer.Option(min=1)] = 32,
    folder: Annotated[Path, typer.Option(help="Where the JSON and the picture go.")] = FOLDER,
) -> None:
    """Measure everything; write routing.json, and routing.md and routing.png made of it."""
    on_one_thread()
    result = {
        "machine": _machine(),
        "batch": batch,
        "rounds": rounds,
        "paper_steps": paper_steps(batch, rounds),
        "small_steps": small_steps(batch, rounds),
        "layer": layer_growth(batch, rounds),
        "layers_compared": layers_compared(batch, rounds),
        "peak_growth_mib": memory(batch),
        "trials_an_hour": {str(count): cases.trials_an_hour(count) for count in (1, 2)},
    }
    result["roofline"] = shares(result, batch)
    result["targets"] = judge(result)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "routing.json").write_text(json.dumps(result, indent=2) + "\n")
    draw(result, folder / "routing.png")
    (folder / "routing.md").write_text(describe(result))
    print(describe(result))


def paper_steps(batch: int, rounds: int) -> dict[str, float]:
    """Return the seconds of training steps at the paper's size, and of its convolutions alone."""
    works = {"convolutions": cases.convolution_step(cases.PAPER, batch)}
    for capsules, n_iter, gradient in (
        (10, 1, "last"),
        (10, 3, "last"),
        (10, 9, "last"),
        (10, 3, "full"),
        (10, 9, "full"),
        (32, 3, "last"),
        (32, 3, "full"),
    ):
        model = cases.with_capsules(cases.PAPER, capsules)
        network = cases.capsnet(model, n_iter, gradient)
        works[f"J {capsules}, n {n_iter}, {gradient}"] = cases.network_step(network, batch)
    return take_turns(works, rounds)


def small_steps(batch: int, rounds: int) -> dict[str, float]:
    """Return the seconds of training steps at the size of the committed parameters."""
    works = {
        "convolutions": cases.convolution_step(cases.SMALL, batch),
        "CNN": cases.network_step(cases.CNN(cases.SMALL), batch),
    }
    for n_iter in ITERATIONS:
        network = cases.capsnet(cases.SMALL, n_iter, "full")
        works[f"n {n_iter}, full"] = cases.network_step(network, batch)
    return take_turns(works, 4 * rounds)


def layer_growth(batch: int, rounds: int) -> dict[str, float]:
    """Return the seconds of a pass through R1 of the paper's size, J = 10, for each n."""
    return take_turns(
        {
            f"n {n_iter}, {gradient}": cases.layer_pass(
                "fused", cases.PAPER, n_iter, gradient, batch
            )
            for n_iter in ITERATIONS
            for gradient in ("last", "full")
        },
        rounds,
    )


def layers_compared(batch: int, rounds: int) -> dict[str, float]:
    """Return the seconds of a pass through R1 of the paper's size, J = 32, n = 3, full."""
    model = cases.with_capsules(cases.PAPER, 32)
    return take_turns(
        {
            path: cases.layer_pass(path, model, 3, "full", batch)
            for path in ("fused", "plain", "broadcast")
        },
        max(3, rounds // 2),
        warm_up=1,
    )


def memory(batch: int) -> dict[str, float]:
    """Return by how much the peak memory grows in a pass through R1 (J = 32, full), in MiB."""
    model = cases.with_capsules(cases.PAPER, 32)
    return {
        f"{path}, n {n_iter}": peak_growth(cases.layer_pass, path, model, n_iter, "full", batch)
        for path in ("fused", "plain", "broadcast")
        for n_iter in (1, 3, 9)
    }


def shares(result: dict, batch: int) -> dict[str, dict[str, float]]:
    """Return operations, bytes, and the share of the machine's measured peaks that R1 reaches."""
    machine = result["machine"]
    lines = {}
    for n_iter in ITERATIONS:
        for gradient in ("last", "full"):
            name = f"n {n_iter}, {gradient}"
            cost = roofline.forward_and_backward(cases.PAPER, n_iter, gradient, batch)
            seconds = result["layer"][name]
            least = cost.seconds(machine["flops_a_second"], machine["bytes_a_second"])
            lines[name] = {
                "gigaflop": cost.flops / 1e9,
                "gigabytes": cost.bytes / 1e9,
                "share_of_peak_flops": cost.flops / machine["flops_a_second"] / seconds,
                "share_of_bandwidth": cost.bytes / machine["bytes_a_second"] / seconds,
                "share_of_roofline": least / seconds,
            }
    return lines


def judge(result: dict) -> dict[str, dict[str, object]]:
    """Return each target with what was measured."""
    paper, small = result["paper_steps"], result["small_steps"]
    compared, trials = result["layers_compared"], result["trials_an_hour"]
    found = [
        paper["J 10, n 3, last"] / paper["convolutions"],
        paper["J 10, n 3, full"] / paper["convolutions"],
        paper["J 32, n 3, last"] / paper["convolutions"],
        paper["J 10, n 9, last"] / paper["J 10, n 1, last"],
        compared["broadcast"] / compared["fused"],
        small["n 3, full"] / small["CNN"],
        trials["2"] / trials["1"],
    ]
    return {
        name: {
            "target": bound,
            "measured": value,
            "reached": value <= bound if upper else value >= bound,
        }
        for (name, (bound, upper)), value in zip(TARGETS.items(), found, strict=True)
    }


def _machine() -> dict[str, object]:
    return {
        "processor": _processor(),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "flops_a_second": machine_flops(),
        "bytes_a_second": machine_bandwidth(),
        "two_processes": machine_scaling(),
    }


def _processor() -> str:
    capability = torch.backends.cpu.get_cpu_capability()
    return f"{platform.machine()}, {capability}"


if __name__ == "__main__":
    run_command(main)
