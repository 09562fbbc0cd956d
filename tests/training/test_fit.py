"""Training of one network."""

import math
from dataclasses import replace
from itertools import chain, repeat

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from capsnet_study.models.params import CapsuleParams
from capsnet_study.models.spec import NetworkSpec, build_network
from capsnet_study.routing.params import RoutingParams
from capsnet_study.training import fit as training
from capsnet_study.training.evaluation import Examples, evaluate
from capsnet_study.training.exposure import exposure
from capsnet_study.training.fit import (
    Budget,
    Progress,
    evaluation_steps,
    fit,
    next_batch,
    rate_at,
)

BUDGET = Budget(epochs=2, batch_size=16, lr=0.01, evaluations=3, even_evaluations=2)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# Which steps are evaluated


@given(st.integers(1, 30_000), st.integers(2, 60), st.integers(1, 12))
def test_evaluations_go_from_0_to_the_end_and_are_denser_early(steps, count, even):
    due = evaluation_steps(steps, count, even)
    assert due[0] == 0 and due[-1] == steps
    assert due == sorted(set(due)) and len(due) < count + even
    assert {round(steps * part / even) for part in range(1, even + 1)} <= set(due)
    gaps = np.diff([step for step in due if step <= round(steps / even)])
    assert (np.diff(gaps) >= -2).all()  # growing, but for the rounding


# Batches


def take(progress, size, batch_size, generator, count) -> list[list[int]]:
    """Return the next batches of a training that is at `progress`."""
    taken = []
    for _ in range(count):
        taken.append(next_batch(progress, size, batch_size, generator).tolist())
        progress.samples += len(taken[-1])
    return taken


@given(st.integers(1, 50), st.integers(1, 60), st.integers(0, 100))
def test_every_epoch_covers_every_example_once(size, batch_size, seed):
    progress, generator = Progress(), seeded(seed)
    for _ in range(3):
        epoch = take(progress, size, batch_size, generator, math.ceil(size / batch_size))
        assert all(len(batch) == batch_size for batch in epoch[:-1])
        assert sorted(chain(*epoch)) == list(range(size))


def test_the_generator_draws_another_order_each_epoch():
    first, again, other = (take(Progress(), 50, 50, seeded(seed), 2) for seed in (0, 0, 1))
    assert first == again != other and first[0] != first[1]


# One training


@pytest.mark.parametrize("kind", ["capsnet", "cnn", "cnn160"])
def test_deep_networks_learn_a_tiny_set_and_stay_alive(model, examples, kind):
    """Stacked capsule layers, too: those of much public code never leave chance."""
    spec = NetworkSpec(kind, replace(model, cap1_capsules=8, capsule_dim=8), hidden=2)
    if kind == "capsnet":
        spec = replace(spec, capsules=CapsuleParams(1.0, True), routing=RoutingParams(3, 1.0))
    train = Examples(examples[0].inputs[:6], examples[0].labels[:6])
    budget = Budget(epochs=120, batch_size=6, lr=0.003, evaluations=4)
    rows = fit(build_network(spec, seeded()), train, train, budget, seeded())
    assert rows[-1]["loss"] < 0.6 * rows[1]["loss"]
    assert rows[-1]["exact_match"] > 0.3
    assert rows[-1].get("dead_share", 0.0) == 0.0


@pytest.mark.parametrize("kind", ["capsnet", "cnn"])
def test_rows_hold_what_is_measured_at_their_step(capsnet, cnn, examples, kind):
    """The first of the untrained network, the last of the trained one."""
    train, test = examples
    network = build_network({"capsnet": capsnet, "cnn": cnn}[kind], seeded())
    before = evaluate(network, test) | exposure(network, train)
    rows = fit(network, train, test, BUDGET, seeded())
    after = evaluate(network, test) | exposure(network, train)
    assert [row["step"] for row in rows] == [0, 1, 3, 6]
    assert [row["samples"] for row in rows] == [0, 16, 40, 80]
    assert [row["epoch"] for row in rows] == [0, 0.4, 1, 2]
    for row, measured in ((rows[0], before), (rows[-1], after)):
        assert {name: row[name] for name in measured} == pytest.approx(measured, nan_ok=True)
        places = {"step", "epoch", "samples", "loss", "eta_in_force"}
        assert row.keys() == measured.keys() | places


def test_the_loss_of_a_row_is_the_mean_since_the_last_one(capsnet, examples):
    losses, shown = [], []

    def watch(step, steps, epoch, loss, row):
        losses.append(loss)
        shown.append((step, steps, row["step"]))

    rows = fit(build_network(capsnet, seeded()), *examples, BUDGET, seeded(), watch)
    assert shown == list(zip(range(7), repeat(6), [0, 1, 1, 3, 3, 3, 6], strict=False))
    assert math.isnan(rows[0]["loss"]) and math.isnan(losses[0])
    for before, row in zip((0, 1, 3), rows[1:], strict=True):
        assert row["loss"] == pytest.approx(np.mean(losses[before + 1 : row["step"] + 1]))


def test_routing_is_set_for_the_share_of_the_steps_taken(capsnet, examples, monkeypatch):
    network, shares = build_network(capsnet, seeded()), []
    monkeypatch.setattr(network, "set_routing", lambda share, fitness: shares.append(share))
    fit(network, *examples, BUDGET, seeded())
    assert shares == pytest.approx([step / 6 for step in range(7)])


def test_eta_follows_the_moving_average_of_training_accuracy(capsnet, examples, monkeypatch):
    """If every batch is all right, fitness is 1 - memory ** steps."""
    monkeypatch.setattr(
        training, "exact_match", lambda scores, labels: torch.ones(len(labels), dtype=torch.bool)
    )
    spec = replace(capsnet, routing=RoutingParams(3, 0.1, eta_max=0.9))
    network = build_network(spec, seeded())
    rows = fit(network, *examples, replace(BUDGET, fitness_memory=0.75), seeded())
    for row in rows:
        fitness = 1 - 0.75 ** row["step"]
        assert row["eta_in_force"] == pytest.approx(0.1 + 0.8 * fitness)
    assert [layer.eta for layer in network.layers] == [rows[-1]["eta_in_force"]] * 2


# The learning rate


@given(steps=st.integers(1, 5000), warmup=st.floats(0, 0.5))
def test_the_learning_rate_rises_in_a_line_and_falls_to_nearly_zero(steps, warmup):
    rates = [rate_at(step, steps, 2.0, warmup) for step in range(steps)]
    rising = round(warmup * steps)
    assert max(rates) == rates[rising] == 2.0
    assert np.allclose(np.diff(rates[:rising], 2), 0)
    assert np.all(np.diff(rates[rising:]) < 0)
    assert rates[-1] > 0


def test_without_warmup_the_learning_rate_is_a_half_cosine():
    assert [rate_at(step, 4, 1.0) for step in (0, 2)] == pytest.approx([1.0, 0.5])
