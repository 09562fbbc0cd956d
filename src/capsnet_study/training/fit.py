"""Training of one network: Adam, warm-up and decay, evaluations more often early than late."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from capsnet_study.common.errors import StudyError
from capsnet_study.models.network import Network
from capsnet_study.training.accuracy import exact_match
from capsnet_study.training.checkpoints import Checkpoint, Progress, Row
from capsnet_study.training.evaluation import Examples, evaluate
from capsnet_study.training.exposure import exposure

Watch = Callable[[int, int, float, float, Row], None]
"""Told before each step: step, all steps, epoch, the last batch's loss, the last evaluation."""


@dataclass(frozen=True)
class Budget:
    """How long and how fast to train, and how often to evaluate.

    Attributes
    ----------
    epochs, batch_size
        Passes over the training set, examples a step.
    lr, warmup
        Adam's learning rate, as in `rate_at`.
    weight_decay
        Decoupled from the gradient, as in AdamW.
    evaluations, even_evaluations
        How often to evaluate, as in `evaluation_steps`.
    fitness_memory
        Weight that the moving average of training accuracy gives to the past at each step.
    """

    epochs: int
    batch_size: int
    lr: float
    evaluations: int
    warmup: float = 0.0
    fitness_memory: float = 0.0
    even_evaluations: int = 10
    weight_decay: float = 0.0


class LossNotFiniteError(StudyError, FloatingPointError):
    """The training loss is infinite or not a number."""


def fit(
    network: Network,
    train: Examples,
    test: Examples,
    budget: Budget,
    generator: torch.Generator,
    watch: Watch = lambda step, steps, epoch, loss, row: None,
    checkpoint: Checkpoint | None = None,
) -> list[Row]:
    """Train `network` in place on what lies above the inputs of `train`.

    Before each step its routing is set for the share of the steps taken, and for its fitness, the
    moving average of the exact match on training batches.

    Parameters
    ----------
    network
        Trained whole when the examples are images, above the kept layers when they are features.
    train, test
        `test` is only measured on.
    generator
        Draws the order of the examples, a new one each epoch.
    watch
        Called before each step and after the last.
    checkpoint
        Where the training is kept while it runs. If one is there, it goes on from it and ends in
        the same bits as if it had never stopped; if that one had ended, nothing is left to do.

    Returns
    -------
    One row an evaluation: step, epoch, samples, loss (mean since the last evaluation; NaN at the
    first), what `evaluate` measures on `test` and `exposure` on `train`, and eta_in_force (NaN
    without routing).

    Raises
    ------
    LossNotFiniteError
        Names the step.
    """
    steps = math.ceil(len(train) / budget.batch_size) * budget.epochs
    due = evaluation_steps(steps, budget.evaluations, budget.even_evaluations)
    optimizer = torch.optim.AdamW(
        _trained(network, train.kept), lr=budget.lr, weight_decay=budget.weight_decay, fused=True
    )
    parts = (network, optimizer, generator)
    progress = checkpoint.restore(*parts) if checkpoint else Progress()
    saved_at = time.monotonic()

    while True:
        network.set_routing(progress.step / steps, progress.fitness)
        epoch = progress.samples / len(train)
        unseen = not progress.rows or progress.rows[-1]["step"] < progress.step
        evaluates = unseen and progress.step in due
        if evaluates:
            _evaluate(progress, epoch, network, train, test)
        if checkpoint and (evaluates or time.monotonic() - saved_at > checkpoint.seconds):
            checkpoint.save(progress, *parts)
            saved_at = time.monotonic()
        watch(progress.step, steps, epoch, progress.loss, progress.rows[-1])
        if progress.step == steps:
            return progress.rows

        chosen = next_batch(progress, len(train), budget.batch_size, generator)
        optimizer.param_groups[0]["lr"] = rate_at(progress.step, steps, budget.lr, budget.warmup)
        loss, matched = _step(network, train, chosen, optimizer)
        _advance(progress, loss, matched, len(chosen), budget.fitness_memory)


def rate_at(step: int, steps: int, top: float, warmup: float = 0.0) -> float:
    """Return the learning rate of a step.

    It rises in a straight line to `top` over the share `warmup` of all steps, and falls from there
    to 0 along a half cosine.
    """
    rising = round(warmup * steps)
    if step < rising:
        return top * (step + 1) / rising
    return top * (1 + math.cos(math.pi * (step - rising) / (steps - rising))) / 2


def evaluation_steps(steps: int, count: int, even: int = 10) -> list[int]:
    """Return the steps to evaluate at: dense early in training, then at equal distances.

    Parameters
    ----------
    steps
        Length of the training.
    count
        So many (or fewer, where they coincide) lie between 0 and the first of the even ones, evenly
        spaced in log(1 + step).
    even
        So many lie at equal distances, the last at the end: with 10, at 10 %, 20 %, ... 100 %.

    >>> evaluation_steps(1000, 5)
    [0, 2, 9, 31, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000]
    >>> evaluation_steps(1000, 2, even=1)
    [0, 1000]
    """
    distant = [round(steps * part / even) for part in range(1, even + 1)]
    early = np.expm1(np.linspace(0, math.log1p(distant[0]), count)).round().astype(int)
    return sorted({*early.tolist(), *distant})


def next_batch(
    progress: Progress, size: int, batch_size: int, generator: torch.Generator
) -> Int[Tensor, " batch"]:
    """Return the indices of the next batch, the last of an epoch short; draw each epoch's order."""
    done = progress.samples % size
    if done == 0:
        progress.order = torch.randperm(size, generator=generator)
    return progress.order[done : done + batch_size]


def _evaluate(
    progress: Progress, epoch: float, network: Network, train: Examples, test: Examples
) -> None:
    """Evaluate, and start collecting losses anew."""
    where = {"step": progress.step, "epoch": epoch, "samples": progress.samples}
    learned = {"loss": float(np.mean(progress.losses)) if progress.losses else math.nan}
    eta = {"eta_in_force": getattr(network.layers[0], "eta", math.nan)}
    measured = evaluate(network, test) | exposure(network, train)
    progress.rows.append(where | learned | measured | eta)
    progress.losses = []


def _advance(
    progress: Progress, loss: float, matched: float, samples: int, fitness_memory: float
) -> None:
    """Take a step into account: its loss, its exact match, the examples it saw."""
    if not math.isfinite(loss):
        raise LossNotFiniteError(f"step {progress.step}: the training loss is {loss}")
    progress.loss = loss
    progress.losses.append(loss)
    progress.step += 1
    progress.samples += samples
    progress.fitness = fitness_memory * progress.fitness + (1 - fitness_memory) * matched


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
