"""Ask why nine iterations break what was trained with fewer: train networks a few steps more.

    python -m scripts.switch            # writes scripts/switch.csv; needs data/networks of the arms

Each network goes on for a hundred steps, with its own number of iterations and with nine, at the
learning rate of the study and at a tenth of it. The table has the loss on training batches at the
beginning and at the end, and the length of the gradient. No test digit is read.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import torch

from capsnet_study.common.devices import deterministic
from capsnet_study.common.seeding import torch_generator
from capsnet_study.common.storage import read_arrays, write_table
from capsnet_study.common.workers import parallel_map
from capsnet_study.models.weights import load_network
from capsnet_study.params import load_params
from capsnet_study.training.trials import IMAGE_ARRAYS, ImageSet, image_sets
from stages.command import run_command
from stages.networks import read_network

ARMS = ("n1", "n3", "n9")
SWITCHED = 9  # iterations
SHARES = (1.0, 0.1)  # of the study's learning rate
STEPS, ENDS = 100, 20  # of them, the last that the mean at the end is of


def main() -> None:
    """Train on, and print the means over trials."""
    params = load_params()
    train, _ = image_sets(read_arrays("data/multimnist.safetensors", *IMAGE_ARRAYS))
    tasks = [
        (arm, trial, n_iter, share * params.train.lr_capsnet, params.train.batch_size, train)
        for arm in ARMS
        for trial in range(params.train.trials)
        for n_iter in sorted({params.sweep[arm].n_iter, SWITCHED})
        for share in SHARES
    ]
    with deterministic():
        table = pd.DataFrame(parallel_map(trained_on, tasks))
    write_table("scripts/switch.csv", table)
    print(table.groupby(["arm", "n_iter", "lr"]).mean().drop(columns="trial").round(3))


def trained_on(
    arm: str, trial: int, n_iter: int, lr: float, batch_size: int, train: ImageSet
) -> dict[str, Any]:
    """Return what a hundred steps with `n_iter` iterations do to the network of a trial."""
    spec, weights = read_network(f"data/networks/{arm}/trial{trial}.safetensors")
    network = load_network(replace(spec, routing=replace(spec.routing, n_iter=n_iter)), weights)
    examples = train.on_device()
    optimizer = torch.optim.Adam(network.train().parameters(), lr=lr)
    order = torch.randperm(len(examples), generator=torch_generator(trial, "switch"))
    losses, norms = [], []
    for chosen in order[: STEPS * batch_size].split(batch_size):
        loss = network.loss(examples.run(network, chosen).scores, examples.targets(chosen))
        optimizer.zero_grad()
        loss.backward()
        gradients = [weight.grad for weight in network.parameters()]
        norms.append(float(torch.nn.utils.get_total_norm(gradients)))
        optimizer.step()
        losses.append(loss.item())
    return {
        "arm": arm,
        "trial": trial,
        "n_iter": n_iter,
        "lr": lr,
        "loss_first": losses[0],
        "loss_last": np.mean(losses[-ENDS:]),
        "gradient_first": norms[0],
        "gradient_median": np.median(norms),
    }


if __name__ == "__main__":
    run_command(main)
