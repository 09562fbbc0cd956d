"""Test and measure the study on a GPU: ``make gpu``, or ``python -m benchmarks.gpu``.

Nothing of this project has been measured on a GPU: there was no GPU. On a machine that has one,
this runs the tests marked `gpu`, measures steps, the routed layer and evaluations at both scales,
trains in several processes that share the GPU, and runs a short arm of the sweep there and on the
CPU. All figures go to ``benchmarks/results/gpu.json``. Without a GPU it says so and ends with exit
code 2.

Kernels are the repeatable ones that trials use, and TF32 is off but where a row says otherwise. A
step waits for the device at its end, as a training step does when it reads its loss.
"""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import torch
import typer

from benchmarks import devices
from capsnet_study.common.devices import deterministic
from capsnet_study.models.params import ModelParams
from capsnet_study.params import Params, load_params
from stages.command import run_command

FOLDER = Path(__file__).parent / "results"
NO_GPU = "No GPU was found (torch.cuda.is_available() is False): nothing was tested or measured."


def main(
    rounds: Annotated[int, typer.Option(min=3, help="Repeats of each measurement.")] = 20,
    folder: Annotated[Path, typer.Option(help="Where gpu.json goes.")] = FOLDER,
) -> None:
    """Run the tests marked `gpu`, measure everything, write gpu.json; exit 1 if a test fails."""
    if not torch.cuda.is_available():
        print(NO_GPU, file=sys.stderr)
        raise typer.Exit(2)
    device = torch.device("cuda")
    passed = tests_pass()
    with deterministic():
        found = measure(device, load_params(), rounds)
    result = {"machine": machine(device), "tests_passed": passed, "rounds": rounds, **found}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "gpu.json").write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))
    if not passed:
        raise typer.Exit(1)


def measure(
    device: torch.device,
    params: Params,
    rounds: int,
    scales: Mapping[str, ModelParams] = devices.SCALES,
    ways: Mapping[str, devices.Way] = devices.WAYS,
    processes: tuple[int, ...] = (1, 2, 4, 8),
) -> dict[str, object]:
    """Measure all there is on one device; the short arm on the CPU, too."""
    batch, images = params.train.batch_size, params.data.test_images
    both, few = (16, 128), max(3, rounds // 4)
    places = dict.fromkeys((device, torch.device("cpu")))
    return {
        "steps": [row for n in both for row in devices.steps(device, n, rounds, scales, ways)],
        "layers": [row for n in both for row in devices.layers(device, n, rounds, scales)],
        "evaluations": devices.evaluations(device, images, few, scales),
        "shared": {
            scale: devices.shared(device, processes, 20 * rounds, batch, model)
            for scale, model in scales.items()
        },
        "short_arm": {str(place): devices.short_arm(place, params) for place in places},
    }


def tests_pass() -> bool:
    """Run the tests marked `gpu` in a process of their own."""
    root = Path(__file__).parents[1]
    command = [sys.executable, "-m", "pytest", "-m", "gpu", "tests/gpu"]
    return subprocess.run(command, cwd=root, check=False).returncode == 0


def machine(device: torch.device) -> dict[str, object]:
    """Return what was measured on: the device, its driver, versions."""
    found = torch.cuda.get_device_properties(device)
    return {
        "device": found.name,
        "memory_mib": found.total_memory / 2**20,
        "multiprocessors": found.multi_processor_count,
        "capability": f"{found.major}.{found.minor}",
        "devices": torch.cuda.device_count(),
        "driver": driver(),
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


def driver() -> str | None:
    """Return the version of NVIDIA's driver, as its own tool prints it."""
    if shutil.which("nvidia-smi") is None:
        return None
    command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    printed = subprocess.run(command, capture_output=True, text=True, check=False)
    return printed.stdout.splitlines()[0].strip() if printed.stdout else None


if __name__ == "__main__":
    run_command(main)
