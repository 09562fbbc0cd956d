"""Where the time of an evaluation, and of a trial, goes: ``python -m benchmarks.evaluation``.

An evaluation is `evaluate` on as many images as ``params.yaml`` tests on. Its parts lie in each
other: convolutions, with the layers above, with the measures. One thread, random images, initial
weights.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import torch
import typer

from benchmarks import cases
from benchmarks.timing import Work, on_one_thread, take_turns
from capsnet_study.models.cnn import CNN
from capsnet_study.models.network import Network
from capsnet_study.params import Params, load_params
from capsnet_study.training.checkpoints import Checkpoint, Progress
from capsnet_study.training.evaluation import BATCH, Examples, evaluate
from capsnet_study.training.fit import evaluation_steps
from stages.command import run_command

FOLDER = Path(__file__).parent / "results"
NETWORKS = {"n 1": 1, "n 3": 3, "n 9": 9, "CNN": None}


def main(
    rounds: Annotated[int, typer.Option(min=3, help="Repeats of each measurement.")] = 7,
    folder: Annotated[Path, typer.Option(help="Where evaluation.json goes.")] = FOLDER,
) -> None:
    """Measure evaluations, steps and checkpoints of four networks; write evaluation.json."""
    on_one_thread()
    params = load_params()
    found = {name: measure(n_iter, params, rounds) for name, n_iter in NETWORKS.items()}
    result = {"images": params.data.test_images, "rounds": rounds, "milliseconds": found}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "evaluation.json").write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


def measure(n_iter: int | None, params: Params, rounds: int) -> dict[str, float]:
    """Return milliseconds of an evaluation, its parts, a step and a checkpoint, and its share."""
    model, batch = params.model, params.train.batch_size
    network = cases.capsnet(model, n_iter, "full") if n_iter else CNN(model)
    examples = random_examples(params.data.test_images)
    with TemporaryDirectory() as folder:
        save = checkpoint_of(network, params, Path(folder))
        works = parts_of(network, examples) | {"checkpoint": save}
        seconds = take_turns(works, rounds, warm_up=1)
    seconds |= take_turns({"step": cases.network_step(network, batch)}, 20 * rounds)
    steps = math.ceil(params.data.train_images / batch) * params.train.epochs
    evaluations = len(evaluation_steps(steps, params.train.evaluations))
    evaluating, stepping = evaluations * seconds["evaluation"], steps * seconds["step"]
    milliseconds = {name: 1e3 * value for name, value in seconds.items()}
    return milliseconds | {
        "evaluations": evaluations,
        "steps": steps,
        "evaluations_share_of_trial": evaluating / (evaluating + stepping),
    }


def parts_of(network: Network, examples: Examples) -> dict[str, Work]:
    """Return the evaluation and its parts, each with the ones before it."""
    starts = range(0, len(examples), BATCH)

    def convolutions() -> None:
        for start in starts:
            pictures = examples.inputs[start : start + BATCH, None].float() / 255
            network.conv2(network.conv1(pictures.contiguous(memory_format=torch.channels_last)))

    def forward() -> None:
        for start in starts:
            examples.run(network, slice(start, start + BATCH))

    return {
        "convolutions": torch.no_grad()(convolutions),
        "forward": torch.no_grad()(forward),
        "evaluation": lambda: evaluate(network, examples),
    }


def checkpoint_of(network: Network, params: Params, folder: Path) -> Work:
    """Return the writing of a checkpoint in mid-training."""
    checkpoint = Checkpoint(folder / "training.safetensors")
    optimizer = torch.optim.AdamW(network.parameters(), fused=True)
    for parameter in network.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    progress = Progress(order=torch.arange(params.data.train_images))
    return lambda: checkpoint.save(progress, network, optimizer, torch.Generator())


def random_examples(count: int, device: torch.device | str = "cpu") -> Examples:
    """Return random images, each with two different labels."""
    images = torch.randint(0, 256, (count, 36, 36), dtype=torch.uint8)
    first = torch.arange(count) % 10
    return Examples(images.to(device), torch.stack([first, (first + 1) % 10], dim=1).to(device))


if __name__ == "__main__":
    run_command(main)
