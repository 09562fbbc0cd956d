"""Measure the routed layer and the networks around it: ``python -m benchmarks.routing``.

Writes routing_cpu.json (or routing_cuda.json, on a GPU) and the same numbers as tables. On the CPU
one thread computes, as in a trial of the study; the machine should be idle otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import torch
import typer

from benchmarks.cases import capsnet, convolution_step, layer_pass, network_step
from benchmarks.timing import machine, peak_growth, take_turns
from capsnet_study.common.devices import deterministic, device
from capsnet_study.common.storage import write_json, write_text
from capsnet_study.models.cnn import CNN
from capsnet_study.models.params import ModelParams
from stages.command import run_command

FOLDER = Path(__file__).parent / "results"
SMALL = ModelParams(
    conv_channels=32, primary_groups=4, primary_dim=8, cap1_capsules=10, capsule_dim=16
)
PAPER = replace(SMALL, conv_channels=256, primary_groups=32)
PAPER_J32 = replace(PAPER, cap1_capsules=32)
ITERATIONS = (1, 2, 3, 5, 7, 9)
PATHS = {"cpu": ("fused", "plain", "broadcast"), "cuda": ("plain", "broadcast")}
TABLES = {
    "paper_steps": "Training step at the paper's size (256 channels, 32 groups), ms",
    "small_steps": "Training step at the size of the committed parameters, ms",
    "iterations": "R1 alone, paper's size, J = 10, forward and backward, ms",
    "implementations": "R1 alone, paper's size, J = 32, n = 3, gradient full, ms",
    "peak_memory_mib": "Growth of the peak memory in one such pass, MiB",
}


def main(
    rounds: Annotated[int, typer.Option(min=3, help="Repeats of each measurement.")] = 7,
    batch: Annotated[int, typer.Option(min=1)] = 32,
    folder: Annotated[Path, typer.Option(help="Where the results go.")] = FOLDER,
) -> None:
    """Measure on the device of this machine, and write the results."""
    where = device()
    with deterministic():
        result = {
            "machine": machine(where),
            "batch": batch,
            "rounds": rounds,
            "paper_steps": paper_steps(batch, rounds, where),
            "small_steps": small_steps(batch, rounds, where),
            "iterations": iterations(batch, rounds, where),
            "implementations": implementations(batch, rounds, where),
            "peak_memory_mib": peak_memory(batch, where),
        }
    write_json(folder / f"routing_{where.type}.json", result)
    write_text(folder / f"routing_{where.type}.md", tables(result))
    print(tables(result))


def paper_steps(batch: int, rounds: int, where: torch.device) -> dict[str, float]:
    """Return the seconds of training steps at the paper's size, and of its convolutions alone."""
    works = {"convolutions": convolution_step(PAPER, batch, where)}
    for model, n_iter, gradient in (
        (PAPER, 1, "last"),
        (PAPER, 3, "last"),
        (PAPER, 9, "last"),
        (PAPER, 3, "full"),
        (PAPER, 9, "full"),
        (PAPER_J32, 3, "last"),
        (PAPER_J32, 3, "full"),
    ):
        name = f"J {model.cap1_capsules}, n {n_iter}, {gradient}"
        works[name] = network_step(capsnet(model, n_iter, gradient), batch, where)
    return take_turns(works, rounds)


def small_steps(batch: int, rounds: int, where: torch.device) -> dict[str, float]:
    """Return the seconds of training steps at the size of the committed parameters."""
    works = {
        "convolutions": convolution_step(SMALL, batch, where),
        "CNN": network_step(CNN(SMALL), batch, where),
    }
    for n_iter in ITERATIONS:
        works[f"n {n_iter}, full"] = network_step(capsnet(SMALL, n_iter, "full"), batch, where)
    return take_turns(works, 4 * rounds)


def iterations(batch: int, rounds: int, where: torch.device) -> dict[str, float]:
    """Return the seconds of a pass through `CapsuleLayer` for each number of iterations."""
    path = PATHS[where.type][0]
    works = {
        f"n {n_iter}, {gradient}": layer_pass(path, PAPER, n_iter, gradient, batch, where)
        for n_iter in ITERATIONS
        for gradient in ("last", "full")
    }
    return take_turns(works, rounds)


def implementations(batch: int, rounds: int, where: torch.device) -> dict[str, float]:
    """Return the seconds of a pass through R1 (J = 32, n = 3, full) for each implementation."""
    works = {
        path: layer_pass(path, PAPER_J32, 3, "full", batch, where) for path in PATHS[where.type]
    }
    return take_turns(works, max(3, rounds // 2), warm_up=1)


def peak_memory(batch: int, where: torch.device) -> dict[str, float]:
    """Return by how many MiB the peak memory grows in a pass through R1 (J = 32, full)."""
    return {
        f"{path}, n {n_iter}": peak_growth(
            layer_pass, path, PAPER_J32, n_iter, "full", batch, where
        )
        for path in PATHS[where.type]
        for n_iter in (1, 3, 9)
    }


def tables(result: Mapping) -> str:
    """Return the results as Markdown; each table also relates its rows to the first one."""
    facts = result["machine"]
    lines = [
        f"# Speed and memory of routing: {facts['processor']}",
        "",
        f"Written by `python -m benchmarks.routing`: batch {result['batch']}, float32, medians of "
        f"{result['rounds']} rounds in which the alternatives take turns. The processor reaches "
        f"{facts['flops_per_second'] / 1e9:.0f} Gflop/s in a product of 1,024 × 1,024 matrices.",
    ]
    for key, title in TABLES.items():
        scale = 1 if key == "peak_memory_mib" else 1e3  # seconds are shown as ms
        first = next(iter(result[key].values()))
        lines += ["", f"## {title}", "", "| | | relative |", "| --- | ---: | ---: |"]
        for name, value in result[key].items():
            lines.append(f"| {name} | {scale * value:.1f} | {value / first:.2f} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    run_command(main)
