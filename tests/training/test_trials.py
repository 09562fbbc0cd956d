"""Trials of an arm: what they start from, and what determines them."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from capsnet_study.models.spec import NetworkSpec
from capsnet_study.models.weights import load_network
from capsnet_study.routing.params import RoutingParams
from capsnet_study.training import fit as module
from capsnet_study.training.arms import CapsNetArm, CNNArm, YokedArm, main_arm
from capsnet_study.training.fit import Budget, next_batch
from capsnet_study.training.history import history_table
from capsnet_study.training.trials import (
    Trained,
    arm_spec,
    arm_trials,
    budget_of,
    run_training,
    run_trainings,
    starting_network,
    trial,
    untrained,
    with_own,
)


def same(first: Trained, second: Trained) -> bool:
    """Return whether two trials agree to the last bit."""
    weights = (np.array_equal(value, second.weights[name]) for name, value in first.weights.items())
    return repr(first.rows) == repr(second.rows) and all(weights)


@pytest.fixture(scope="module")
def trainings(routing, model, capsules, images, train_params):
    return arm_trials("n3", main_arm(routing), (model, capsules), images, train_params)


@pytest.fixture(scope="module")
def trials(trainings):
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CAPS_WORKERS", "1")
        environment.setenv("CAPS_DEVICE", "cpu")
        return run_trainings(trainings)


def test_trials_differ_and_hold_their_trained_weights(trials, trainings, capsnet):
    assert len(trials) == 2 and not same(*trials)
    for training, one in zip(trainings, trials, strict=True):
        assert training.spec == capsnet
        trained = load_network(capsnet, one.weights).state_dict()
        for name, value in starting_network(training).state_dict().items():
            assert np.array_equal(trained[name], one.weights[name])
            assert not np.array_equal(value, one.weights[name])


@pytest.mark.parametrize("workers", ["1", pytest.param("2", marks=pytest.mark.slow)])
def test_a_second_run_is_identical_whatever_the_number_of_workers(
    trials, trainings, monkeypatch, workers
):
    torch.manual_seed(99)
    monkeypatch.setenv("CAPS_WORKERS", workers)
    assert all(map(same, trials, run_trainings(trainings)))


def test_a_trial_does_not_depend_on_how_many_there_are(trials, capsnet, images, train_params):
    alone = run_training(trial("n3", capsnet, images, replace(train_params, trials=7), 1))
    assert same(trials[1], alone)


def test_arms_start_from_the_same_weights_and_see_the_same_order(
    capsnet, cnn, images, train_params, monkeypatch
):
    orders, starts = [], []

    def recorded(progress, *args):
        chosen = next_batch(progress, *args)
        orders.append(chosen.tolist())
        return chosen

    monkeypatch.setattr(module, "next_batch", recorded)
    arm = replace(capsnet, routing=RoutingParams(9, 0.5, "last"))
    for spec in (capsnet, arm, cnn):
        one = trial("arm", spec, images, train_params, 1)
        starts.append(starting_network(one).state_dict())
        run_training(one)
    assert orders[:6] == orders[6:12] == orders[12:]
    usual, routed, plain = starts
    for name, value in usual.items():
        assert torch.equal(value, routed[name])
        if name.startswith("conv"):
            assert torch.equal(value, plain[name])


def test_untrained_networks_are_those_that_trials_start_from(capsnet, trainings, train_params):
    for network, one in zip(untrained(capsnet, train_params), trainings, strict=True):
        assert not network.training
        for name, value in starting_network(one).state_dict().items():
            assert torch.equal(network.state_dict()[name], value)


@pytest.mark.parametrize("kind, lr", [("capsnet", 0.5), ("cnn", 0.25), ("cnn160", 0.25)])
def test_each_family_has_its_learning_rate(kind, lr, model, train_params):
    params = replace(train_params, lr_capsnet=0.5, lr_cnn=0.25, weight_decay=0.1)
    expected = Budget(2, 16, lr, 3, 0.2, 0.5, weight_decay=0.1)
    assert budget_of(params, NetworkSpec(kind, model)) == expected


def test_an_arm_may_have_training_parameters_of_its_own(train_params):
    usual = CapsNetArm(3, 1.0, model="capsnet")
    assert with_own(train_params, usual) == train_params
    own = replace(usual, lr=0.5, weight_decay=0.1, trials=7)
    expected = replace(train_params, lr_capsnet=0.5, weight_decay=0.1, trials=7)
    assert with_own(train_params, own) == expected
    decayed = replace(train_params, weight_decay=0.1)
    found = with_own(decayed, CNNArm("cnn160", lr=0.5, weight_decay=0.0))
    assert found == replace(train_params, lr_cnn=0.5)


def test_an_arm_determines_which_network_is_trained(model, capsules):
    arm = CapsNetArm(3, 0.5, "last", model="capsnet", init_gain=2.0, lr=0.5)
    gain = replace(capsules, init_gain=2.0)
    expected = NetworkSpec("capsnet", model, 2, gain, RoutingParams(3, 0.5, "last"))
    assert arm_spec(arm, model, capsules, hidden=2) == expected
    assert arm_spec(CNNArm("cnn160"), model, capsules) == NetworkSpec("cnn160", model)


def test_each_trial_of_a_yoked_arm_follows_the_certainty_of_the_same_trial(
    model, capsules, images, train_params
):
    arm = YokedArm(3, 1.0, model="capsnet", certainty_of="n9")
    measured = [[1.0, 0.8, 0.6], [1.0 + 1e-9, 0.9, 0.7]]
    steps = (0, 3, 6)
    history = history_table(
        [
            [{"step": step, "entropy_share_r1": h} for step, h in zip(steps, shares, strict=True)]
            for shares in measured
        ]
    )
    found = arm_trials("x", arm, (model, capsules), images, train_params, history)
    assert [one.spec.routing.certainty_path for one in found] == [
        [(0.0, 1.0), (0.5, 0.8), (1.0, 0.6)],
        [(0.0, 1.0), (0.5, 0.9), (1.0, 0.7)],
    ]
    with pytest.raises(ValueError, match="trial 1: there is no certainty of R1"):
        arm_trials("x", arm, (model, capsules), images, train_params, history.query("trial == 0"))
