"""Training of one network."""

import math
from copy import deepcopy
from dataclasses import replace
from itertools import chain

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from capsnet_study.models.params import CapsuleParams
from capsnet_study.models.spec import NetworkSpec, build_network
from capsnet_study.routing.params import RoutingParams
from capsnet_study.training import fit as training
from capsnet_study.training.evaluation import Examples
from capsnet_study.training.fit import (
    Budget,
    Progress,
    evaluation_steps,
    fit,
    next_batch,
    rate_at,
)

COLUMNS = ["step", "epoch", "samples", "loss", "exact_match"]
COLUMNS += [f"recall_{digit}" for digit in range(10)]
ROUTED = [f"{name}_r{layer}" for layer in (1, 2) for name in ("entropy", "entropy_share", "mi")]
ROUTED += [f"{name}_{part}" for name in ("mass", "gradient") for part in range(3)]
ROUTED += ["effective_mass", "effective_gradient"]


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def take(progress, size, batch_size, generator, count) -> list[list[int]]:
    """The next batches of a training that stands at `progress`."""
    taken = []
    for _ in range(count):
        taken.append(next_batch(progress, size, batch_size, generator).tolist())
        progress.samples += len(taken[-1])
    return taken


def batches_of(size: int, batch_size: int, seed: int):
    """All batches from the beginning, for ever."""
    progress, generator = Progress(), seeded(seed)
    while True:
        yield from take(progress, size, batch_size, generator, 1)


@pytest.fixture
def examples(images) -> tuple[Examples, Examples]:
    return images[0].on_device(), images[1].on_device()


# Steps and batches


def test_routing_is_set_for_the_share_of_the_steps_that_were_taken(capsnet, examples, monkeypatch):
    network, shares = build_network(capsnet, seeded()), []
    monkeypatch.setattr(network, "set_routing", lambda share, fitness: shares.append(share))
    fit(network, *examples, Budget(2, 16, 0.01, evaluations=2), seeded())
    assert shares == pytest.approx([step / 6 for step in range(7)])


@given(st.integers(1, 30_000), st.integers(2, 60), st.integers(1, 12))
def test_evaluations_go_from_0_to_the_end_and_are_denser_early(steps, count, even):
    due = evaluation_steps(steps, count, even)
    assert due[0] == 0 and due[-1] == steps
    assert due == sorted(set(due)) and len(due) < count + even
    assert {round(steps * part / even) for part in range(1, even + 1)} <= set(due)
    gaps = np.diff([step for step in due if step <= round(steps / even)])
    assert (np.diff(gaps) >= -2).all()  # growing, but for the rounding


def test_evaluations_by_hand():
    assert evaluation_steps(1, 20) == [0, 1]
    assert evaluation_steps(15, 5, even=1) == [0, 1, 3, 7, 15]
    assert evaluation_steps(150, 5) == [0, 1, 3, 7, *range(15, 151, 15)]


def test_a_tenth_of_the_steps_is_measured_and_no_trapezoid_weighs_more():
    due = np.array(evaluation_steps(9660, 6))
    assert 966 in due
    assert np.diff(due).max() == 966


@given(st.integers(1, 50), st.integers(1, 60), st.integers(0, 100))
def test_every_epoch_covers_every_example_once(size, batch_size, seed):
    batches = batches_of(size, batch_size, seed)
    for _ in range(3):
        epoch = [next(batches) for _ in range(math.ceil(size / batch_size))]
        assert all(len(batch) == batch_size for batch in epoch[:-1])
        assert sorted(chain(*epoch)) == list(range(size))


def test_each_epoch_has_its_own_order_that_the_generator_decides():
    def epochs(seed):
        batches = batches_of(50, 50, seed)
        return [next(batches) for _ in range(2)]

    assert epochs(0) == epochs(0) != epochs(1)
    assert epochs(0)[0] != epochs(0)[1]


def test_progress_and_generator_are_all_that_the_next_batches_need():
    generator, progress = seeded(3), Progress()
    started = take(progress, 20, 8, generator, 4)
    copy = seeded(0)
    copy.set_state(generator.get_state())
    again = deepcopy(progress)
    rest = take(progress, 20, 8, generator, 5)
    assert take(again, 20, 8, copy, 5) == rest != started


# One network


@pytest.mark.parametrize("kind", ["capsnet", "cnn", "cnn160"])
@pytest.mark.parametrize("hidden", [1, 2])
def test_networks_learn_a_tiny_set_and_stay_alive(model, examples, kind, hidden):
    """Stacked capsule layers, too: those of much public code never leave chance."""
    spec = NetworkSpec(kind, replace(model, cap1_capsules=8, capsule_dim=8), hidden)
    if kind == "capsnet":
        spec = replace(spec, capsules=CapsuleParams(1.0, True), routing=RoutingParams(3, 1.0))
    network = build_network(spec, seeded())
    train = Examples(examples[0].inputs[:6], examples[0].labels[:6])
    budget = Budget(epochs=120, batch_size=6, lr=0.003, evaluations=4)
    rows = fit(network, train, train, budget, seeded())
    assert rows[-1]["loss"] < 0.6 * rows[1]["loss"]
    assert rows[-1]["exact_match"] > 0.3
    assert rows[-1].get("dead_share", 0.0) == 0.0


def test_a_row_an_evaluation(capsnet, cnn, examples):
    budget = Budget(epochs=2, batch_size=16, lr=0.01, evaluations=3, even_evaluations=2)
    for spec, expected in (
        (capsnet, [*COLUMNS, *ROUTED, "dead_share", "eta_in_force"]),
        (cnn, [*COLUMNS, "eta_in_force"]),
    ):
        rows = fit(build_network(spec, seeded()), *examples, budget, seeded())
        assert [row["step"] for row in rows] == [0, 1, 3, 6]
        assert [row["samples"] for row in rows] == [0, 16, 40, 80]
        assert [row["epoch"] for row in rows] == [0, 0.4, 1, 2]
        assert math.isnan(rows[0]["loss"])
        assert all(math.isfinite(row["loss"]) for row in rows[1:])
        for row in rows:
            assert sorted(row) == sorted(expected)
        assert math.isnan(rows[0]["eta_in_force"]) == (spec is cnn)


def test_the_loss_of_a_row_is_the_mean_since_the_last_one(capsnet, examples):
    watched = []
    budget = Budget(epochs=2, batch_size=16, lr=0.01, evaluations=3)

    def watch(step, steps, epoch, loss, row):
        watched.append((step, steps, loss, row["step"]))

    network = build_network(capsnet, seeded())
    rows = fit(network, *examples, budget, seeded(), watch)
    losses = [loss for _, _, loss, _ in watched][1:]
    assert [step for step, *_ in watched] == list(range(7))
    assert {steps for _, steps, _, _ in watched} == {6}
    steps = [row["step"] for row in rows]
    assert [last for *_, last in watched] == [
        max(s for s in steps if s <= step) for step in range(7)
    ]
    for before, row in zip(steps, rows[1:], strict=False):
        assert row["loss"] == pytest.approx(np.mean(losses[before : row["step"]]))


def test_the_first_row_is_of_the_untrained_network(capsnet, examples):
    budget = Budget(epochs=1, batch_size=16, lr=0.01, evaluations=2)
    network = build_network(capsnet, seeded())
    before = training.evaluate(network, examples[1])
    rows = fit(network, *examples, budget, seeded())
    assert {name: rows[0][name] for name in before} == before


def test_eta_follows_the_moving_average_of_training_accuracy(capsnet, examples, monkeypatch):
    """Were every batch all right, fitness would be 1 - memory ** steps."""
    monkeypatch.setattr(
        training, "exact_match", lambda scores, labels: torch.ones(len(labels), dtype=torch.bool)
    )
    spec = replace(capsnet, routing=RoutingParams(3, 0.1, eta_max=0.9))
    budget = Budget(epochs=2, batch_size=16, lr=0.01, evaluations=4, fitness_memory=0.75)
    network = build_network(spec, seeded())
    rows = fit(network, *examples, budget, seeded())
    for row in rows:
        fitness = 1 - 0.75 ** row["step"]
        assert row["eta_in_force"] == pytest.approx(0.1 + 0.8 * fitness)
    assert [layer.eta for layer in network.layers] == [rows[-1]["eta_in_force"]] * 2


def test_a_constant_eta_stays_and_without_routing_there_is_none(capsnet, cnn, examples):
    spec = replace(capsnet, routing=RoutingParams(3, 0.3))
    budget = Budget(epochs=1, batch_size=16, lr=0.01, evaluations=3)
    routed, plain = (
        fit(build_network(kind, seeded()), *examples, budget, seeded()) for kind in (spec, cnn)
    )
    assert {row["eta_in_force"] for row in routed} == {0.3}
    assert all(math.isnan(row["eta_in_force"]) for row in plain)


def test_eta_decides_what_is_learned(capsnet, examples):
    budget = Budget(epochs=2, batch_size=8, lr=0.01, evaluations=2)
    losses = set()
    for eta in (0.0, 0.5, 1.0):
        spec = replace(capsnet, routing=RoutingParams(3, eta))
        rows = fit(build_network(spec, seeded()), *examples, budget, seeded())
        losses.add(rows[-1]["loss"])
    assert len(losses) == 3


def test_global_generators_are_neither_used_nor_changed(capsnet, examples):
    budget = Budget(epochs=1, batch_size=16, lr=0.01, evaluations=2)
    found = []
    for seed in (1, 2):
        network = build_network(capsnet, seeded())
        torch.manual_seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        torch_before, numpy_before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
        found.append(repr(fit(network, *examples, budget, seeded())))
        assert torch.equal(torch.get_rng_state(), torch_before)
        assert np.array_equal(np.random.get_state()[1], numpy_before)  # noqa: NPY002
    assert found[0] == found[1]


# The learning rate


@given(steps=st.integers(1, 5000), warmup=st.floats(0, 0.5))
def test_the_learning_rate_rises_to_its_top_and_falls_to_nothing(steps, warmup):
    rates = [rate_at(step, steps, 2.0, warmup) for step in range(steps)]
    rising = round(warmup * steps)
    assert max(rates) == rates[rising] == 2.0
    assert np.allclose(np.diff(rates[:rising], 2), 0)
    assert np.all(np.diff(rates[rising:]) < 0)
    assert rates[-1] > 0


def test_without_warm_up_it_is_a_half_cosine():
    assert [rate_at(step, 4, 1.0) for step in (0, 2)] == pytest.approx([1.0, 0.5])
