"""Training of one network: Adam, a cosine schedule, evaluations more often early than late."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from capsnet_study.evaluation import Examples, evaluate
from capsnet_study.metrics.accuracy import exact_match
from capsnet_study.models import Network

Row = dict[str, int | float]
Watch = Callable[[int, int, float, float, Row], None]
"""Told before each step: step, all steps, epoch, the last batch's loss, the last evaluation."""


@dataclass(frozen=True)
class Budget:
    """How long and how fast to train, and how often to look.

    Attributes
    ----------
    epochs, batch_size, lr
        Passes over the training set, examples a step, and Adam's learning rate at the start; it
        falls to 0 along a half cosine.
    evaluations
        Number of evaluations, at log-spaced steps: the first before training, the last at the end.
    fitness_memory
        Weight that the moving average of training accuracy gives to the past at each step.
    """

    epochs: int
    batch_size: int
    lr: float
    evaluations: int
    fitness_memory: float = 0.0


class LossNotFiniteError(FloatingPointError):
    """The training loss is infinite or not a number."""


def fit(
    network: Network,
    train: Examples,
    test: Examples,
    budget: Budget,
    generator: torch.Generator,
    eta_at: Callable[[float], float] = lambda fitness: math.nan,
    watch: Watch = lambda step, steps, epoch, loss, row: None,
) -> list[Row]:
    """Train `network` in place on what lies above the inputs of `train`.

    Parameters
    ----------
    network
        Trained whole when the examples are images, above the kept layers when they are features.
    train, test
        `test` is only measured on.
    generator
        Draws the order of the examples, a new one each epoch.
    eta_at
        Update rate of the routing as a function of the model's fitness, the moving average of the
        exact match on training batches (0 .. 1).
    watch
        Called before each step and after the last.

    Returns
    -------
    One row an evaluation: step, epoch, samples, loss (mean since the last evaluation; NaN at the
    first), eta_in_force, and what `evaluate` measures.

    Raises
    ------
    LossNotFiniteError
        Names the step.
    """
    steps = math.ceil(len(train) / budget.batch_size) * budget.epochs
    optimizer = torch.optim.Adam(_trained(network, train.kept), lr=budget.lr, fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    batches = shuffled_batches(len(train), budget.batch_size, generator)
    due = evaluation_steps(steps, budget.evaluations)
    rows: list[Row] = []
    losses: list[float] = []
    loss, samples, fitness = math.nan, 0, 0.0

    for step in range(steps + 1):
        eta = eta_at(fitness)
        network.set_eta(eta)
        epoch = samples / len(train)
        if step in due:
            where = {"step": step, "epoch": epoch, "samples": samples}
            learned = {"loss": float(np.mean(losses)) if losses else math.nan}
            rows.append(where | learned | evaluate(network, test) | {"eta_in_force": eta})
            losses = []
        watch(step, steps, epoch, loss, rows[-1])
        if step == steps:
            break

        chosen = next(batches)
        loss, matched = _step(network, train, chosen, optimizer)
        if not math.isfinite(loss):
            raise LossNotFiniteError(f"step {step}: the training loss is {loss}")
        schedule.step()
        losses.append(loss)
        samples += len(chosen)
        fitness = budget.fitness_memory * fitness + (1 - budget.fitness_memory) * matched
    return rows


def evaluation_steps(steps: int, count: int) -> list[int]:
    """Return at most `count` steps from 0 to `steps`, evenly spaced in log(1 + step).

    >>> evaluation_steps(100, 6)
    [0, 2, 5, 15, 39, 100]
    """
    spaced = np.expm1(np.linspace(0, math.log1p(steps), count)).round().astype(int)
    return sorted({0, steps, *spaced.tolist()})


def shuffled_batches(
    size: int, batch_size: int, generator: torch.Generator
) -> Iterator[Int[Tensor, " batch"]]:
    """Yield batches of indices for ever: one random order after another, the last batch short."""
    while True:
        yield from torch.randperm(size, generator=generator).split(batch_size)


def _step(
    network: Network, train: Examples, chosen: Tensor, optimizer: torch.optim.Optimizer
) -> tuple[float, float]:
    """Take one step; return the loss and the exact match of its batch before it."""
    chosen = chosen.to(train.labels.device)
    output = train.run(network, chosen)
    loss = network.loss(output.scores, train.targets(chosen))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    matched = exact_match(output.scores.detach(), train.labels[chosen])
    return loss.item(), matched.float().mean().item()


def _trained(network: Network, kept: int | None) -> list[torch.nn.Parameter]:
    part = network if kept is None else network.layers[kept:]
    return list(part.parameters())
