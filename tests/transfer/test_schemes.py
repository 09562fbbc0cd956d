"""Transfer schemes: what is kept, what is trained, on what and for how long."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from capsnet_study.models.spec import NetworkSpec, build_network
from capsnet_study.models.weights import weights_of
from capsnet_study.names import SCHEMES
from capsnet_study.training import trials as module
from capsnet_study.training.evaluation import frozen_features
from capsnet_study.training.fit import Budget, LossNotFiniteError, fit
from capsnet_study.training.trials import starting_network
from capsnet_study.transfer.params import TransferParams
from capsnet_study.transfer.schemes import (
    Scheme,
    Transfer,
    run_transfers,
    scheme_training,
    schemes,
    summarise_schemes,
    transfer_budget,
)

ALL = {scheme.name: scheme for scheme in schemes()}
EACH = pytest.mark.parametrize("name", ALL)


def starting_weights(spec, transfer, scheme, seed=0):
    """Return the weights that a scheme starts from."""
    budget = Budget(1, 16, 0.01, evaluations=2)
    training = scheme_training("any", spec, transfer, scheme, budget, seed)
    return weights_of(starting_network(training))


def is_kept(weight: str, kept: int) -> bool:
    return weight.startswith(("conv", *(f"layers.{layer}." for layer in range(kept))))


@pytest.fixture(scope="module", params=["capsnet", "cnn"])
def spec(request, model, capsules, routing) -> NetworkSpec:
    """The deeper form: three layers above the convolutions."""
    routed = {"capsules": capsules, "routing": routing} if request.param == "capsnet" else {}
    return NetworkSpec(request.param, model, 2, **routed)


@pytest.fixture(scope="module")
def transfer(spec, images) -> Transfer:
    """Two networks in place of trained ones, biases included."""

    def trained(seed):
        weights = weights_of(build_network(spec, torch.Generator().manual_seed(seed)))
        noise = np.random.default_rng(seed)
        return {
            name: value + 0.01 * noise.standard_normal(value.shape, dtype=np.float32)
            for name, value in weights.items()
        }

    return Transfer(1, "AB", trained(1), trained(2), *images)


@pytest.fixture(scope="module")
def watched(spec, transfer, train_params):
    """The rows of all schemes; and what was trained, on what, by the name of the scheme."""
    seen = []

    def watch(network, train, test, *args):
        before = weights_of(network)
        rows = fit(network, train, test, *args)
        seen.append((before, network, train, test, rows))
        return rows

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAPS_WORKERS", "1")
        patch.setenv("CAPS_DEVICE", "cpu")
        patch.setattr(module, "fit", watch)
        rows = run_transfers(spec.kind, spec, [transfer], train_params, TransferParams(1, 1))
    return rows, dict(zip((row["scheme"] for row in rows), seen, strict=True))


def test_schemes_are_those_of_the_paper_and_controls():
    assert next(iter(ALL)) == "base" and sorted(ALL) == sorted(SCHEMES)
    assert ALL["A2B+"] == Scheme("A", 2, tuned=True) and ALL["R1B"] == Scheme("R", 1)


def test_rows_report_the_last_evaluation(watched, spec):
    rows, seen = watched
    assert [row["scheme"] for row in rows] == list(ALL)
    for row in rows:
        assert list(row) == ["model", "split", "direction", "scheme", "exact_match"]
        assert (row["model"], row["split"], row["direction"]) == (spec.kind, 1, "AB")
        assert row["exact_match"] == seen[row["scheme"]][-1][-1]["exact_match"]


@EACH
def test_kept_layers_start_as_their_origin_left_them_and_no_others_do(watched, transfer, name):
    scheme, (before, *_) = ALL[name], watched[1][name]
    for weight, value in before.items():
        for origin, domain in (("A", transfer.source), ("B", transfer.target)):
            expected = scheme.origin == origin and is_kept(weight, scheme.kept)
            assert np.array_equal(value, domain[weight]) == expected


@EACH
def test_frozen_layers_stay_to_the_last_bit_and_all_others_are_trained(watched, name):
    scheme, (before, network, train, test, _) = ALL[name], watched[1][name]
    for weight, value in weights_of(network).items():
        frozen = not scheme.tuned and is_kept(weight, scheme.kept)
        assert np.array_equal(value, before[weight]) == frozen
    # What frozen layers make of an image is computed once.
    assert train.kept == test.kept == (None if scheme.tuned else scheme.kept)


def test_fresh_layers_are_the_same_in_all_schemes(watched):
    """So that schemes differ in what they keep and in nothing else."""
    first, *others = (before for before, *_ in watched[1].values())
    for other in others:
        assert np.array_equal(first["layers.2.weight"], other["layers.2.weight"])
    np.testing.assert_equal(watched[1]["base_long"][0], watched[1]["base"][0])


def test_training_on_features_is_training_on_images_with_layers_frozen(
    spec, transfer, train_params
):
    """The cache affects nothing but speed."""
    budget = transfer_budget(ALL["A1B"], train_params, TransferParams(1, 2), spec)
    training = scheme_training("any", spec, transfer, ALL["A1B"], budget, 0)
    found = []
    for cached in (True, False):
        network = starting_network(training)
        train, test = transfer.train.on_device(), transfer.test.on_device()
        if cached:
            train, test = (frozen_features(network, part, 1) for part in (train, test))
        else:
            for part in (network.conv1, network.conv2, network.layers[0]):
                part.requires_grad_(False)
        fit(network, train, test, budget, torch.Generator().manual_seed(0))
        found.append(weights_of(network))
    for weight, value in found[0].items():
        np.testing.assert_allclose(value, found[1][weight], rtol=1e-3, atol=1e-4)


# Budgets and random streams


@EACH
def test_all_budgets_are_that_of_retraining_but_that_of_the_long_base(spec, train_params, name):
    """Which trains for as long as kept layers have been trained in all."""
    train = replace(train_params, epochs=9, lr_capsnet=0.02, lr_cnn=0.03, weight_decay=0.1)
    epochs, rate = 13 if name == "base_long" else 4, 0.03 if spec.kind == "cnn" else 0.02
    budget = transfer_budget(ALL[name], train, TransferParams(1, 4), spec)
    assert budget == Budget(epochs, 16, rate, 2, 0.2, even_evaluations=1, weight_decay=0.1)


def test_budgets_are_kept_and_only_the_end_is_evaluated(watched):
    """40 images in batches of 16 are three steps an epoch; the long base has two epochs more."""
    for name, (*_, rows) in watched[1].items():
        assert [row["step"] for row in rows] == [0, 9 if name == "base_long" else 3]


def test_each_split_direction_and_seed_draws_its_own_fresh_weights(spec, transfer):
    others = ((replace(transfer, split=2), 0), (replace(transfer, direction="BA"), 0))
    drawn = [
        starting_weights(spec, part, ALL["A1B"], seed)["layers.2.weight"].tobytes()
        for part, seed in ((transfer, 0), (transfer, 1), *others)
    ]
    assert len(set(drawn)) == 4


# What is refused


def test_weights_of_another_network_are_refused(spec, transfer):
    whole = transfer.source
    lacking = {name: value for name, value in whole.items() if name != "layers.0.weight"}
    more = whole | {"layers.0.gain": whole["conv1.bias"]}
    for donor, named in (
        (lacking, "missing.*layers.0.weight"),
        (more, "unexpected.*layers.0.gain"),
    ):
        with pytest.raises(ValueError, match=named):
            starting_weights(spec, replace(transfer, source=donor), ALL["A1B"])
    lower = {name: value for name, value in whole.items() if is_kept(name, 1)}
    starting_weights(spec, replace(transfer, source=lower), ALL["A1B"])  # all that is kept
    with pytest.raises(ValueError, match=r"missing.*layers\.1\.weight"):
        starting_weights(spec, replace(transfer, source=lower), ALL["A2B"])


def test_a_loss_that_is_not_finite_names_scheme_and_step(spec, transfer, train_params):
    broken = replace(train_params, lr_capsnet=1e30, lr_cnn=1e30)
    named = rf"{spec.kind} split 1 AB base \(seed 0\), step 1: .*nan"
    with pytest.raises(LossNotFiniteError, match=named):
        run_transfers(spec.kind, spec, [transfer], broken, TransferParams(1, 1))


# The record


def scores(**schemes: tuple[float, float]) -> pd.DataFrame:
    return pd.DataFrame(
        {"scheme": scheme, "exact_match": value, "split": split, "direction": "AB"}
        for scheme, values in schemes.items()
        for split, value in enumerate(values)
    )


def test_a_record_has_means_deviations_and_drops_relative_to_the_base():
    table = scores(base=(0.8, 0.6), A1B=(0.4, 0.6), base_long=(0.9, 0.9))
    found = summarise_schemes(table)
    assert list(found) == ["base", "A1B", "base_long"]
    drops = {scheme: record.pop("relative_drop") for scheme, record in found.items()}
    assert found["base"] == pytest.approx({"mean": 0.7, "std": 0.02**0.5, "n": 2})
    assert found["A1B"] == pytest.approx({"mean": 0.5, "std": 0.02**0.5, "n": 2})
    assert drops["base"] == {"mean": 0, "std": 0, "n": 2}
    assert drops["A1B"] == pytest.approx({"mean": 0.25, "std": 0.125**0.5, "n": 2})
    assert drops["base_long"]["mean"] == pytest.approx((-0.1 / 0.8 - 0.3 / 0.6) / 2)


def test_a_base_of_zero_has_no_relative_drop():
    found = summarise_schemes(scores(base=(0.0, 0.5), A1B=(0.1, 0.4)))
    expected = {"mean": 0.2, "std": float("nan"), "n": 1}
    assert found["A1B"]["relative_drop"] == pytest.approx(expected, nan_ok=True)
    assert found["A1B"]["n"] == 2
