"""Transfer schemes: what is kept, what is trained, on what."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from capsnet_study.models.spec import NetworkSpec, build_network
from capsnet_study.models.weights import weights_of
from capsnet_study.names import SCHEMES
from capsnet_study.training import trials as module
from capsnet_study.training.evaluation import evaluate, frozen_features
from capsnet_study.training.fit import Budget, LossNotFiniteError, fit
from capsnet_study.training.trials import starting_network
from capsnet_study.transfer.params import TransferParams
from capsnet_study.transfer.schemes import (
    BASE_LONG,
    Scheme,
    Transfer,
    run_transfers,
    scheme_training,
    schemes,
    summarise_schemes,
    transfer_budget,
)

BASE, LONG = "base", "base_long"
FROZEN = ["A1B", "A2B", "B1B", "B2B", "R1B", "R2B"]
TUNED = ["A1B+", "A2B+", "B1B+", "B2B+"]
ORIGINS = {"A": "source", "B": "target"}


def prepare(spec, transfer, scheme, seed):
    """The network that a scheme starts from."""
    budget = Budget(1, 16, 0.01, evaluations=2)
    return starting_network(scheme_training("any", spec, transfer, scheme, budget, seed))


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
        generator = torch.Generator().manual_seed(seed)
        weights = weights_of(build_network(spec, generator))
        noise = np.random.default_rng(seed)
        return {
            name: value + 0.01 * noise.standard_normal(value.shape, dtype=np.float32)
            for name, value in weights.items()
        }

    return Transfer(1, "AB", trained(1), trained(2), *images)


@pytest.fixture(scope="module")
def watched(spec, transfer, train_params):
    """All schemes run once; what was trained, on what, by the name of the scheme."""
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
    names = [row["scheme"] for row in rows]
    return rows, dict(zip(names, seen, strict=True))


def test_the_schemes_are_those_of_the_paper_and_the_lower_bound():
    names = [scheme.name for scheme in schemes()]
    assert sorted(names) == sorted([BASE, LONG, *FROZEN, *TUNED]) == sorted(SCHEMES)
    assert Scheme("A", 2, True).name == "A2B+"


def test_a_row_a_scheme(watched, spec):
    rows, _ = watched
    assert rows[0]["scheme"] == BASE
    assert sorted(row["scheme"] for row in rows) == sorted([BASE, LONG, *FROZEN, *TUNED])
    for row in rows:
        assert list(row) == ["model", "split", "direction", "scheme", "exact_match"]
        assert (row["model"], row["split"], row["direction"]) == (spec.kind, 1, "AB")
        assert 0 <= row["exact_match"] <= 1


@pytest.mark.parametrize("name", [BASE, LONG])
def test_the_base_keeps_nothing_and_trains_everything(watched, transfer, name):
    before, network, train, _, _ = watched[1][name]
    after = weights_of(network)
    for weight, value in before.items():
        if not weight.endswith("bias") or weight.startswith("conv"):  # capsules' start at 0
            assert not np.array_equal(value, transfer.source[weight])
            assert not np.array_equal(value, transfer.target[weight])
        assert not np.array_equal(value, after[weight])
    assert train.kept is None


@pytest.mark.parametrize("name", FROZEN + TUNED)
def test_kept_layers_start_as_their_origin_left_them(watched, transfer, name):
    before, *_ = watched[1][name]
    for weight, value in before.items():
        for letter, domain in ORIGINS.items():
            expected = name[0] == letter and is_kept(weight, int(name[1]))
            assert np.array_equal(value, getattr(transfer, domain)[weight]) == expected


@pytest.mark.parametrize("name", FROZEN)
def test_frozen_layers_stay_to_the_last_bit_and_all_others_are_trained(watched, name):
    before, network, *_ = watched[1][name]
    for weight, value in weights_of(network).items():
        assert np.array_equal(value, before[weight]) == is_kept(weight, int(name[1]))


@pytest.mark.parametrize("name", [BASE, LONG, *TUNED])
def test_nothing_is_frozen_in_the_tuned_forms(watched, name):
    before, network, *_ = watched[1][name]
    for weight, value in weights_of(network).items():
        assert not np.array_equal(value, before[weight])


def test_fresh_layers_are_the_same_in_all_schemes(watched):
    """So that schemes differ in what they keep and in nothing else."""
    first, *others = (before for before, *_ in watched[1].values())
    for other in others:
        for weight in first:
            if weight.startswith("layers.2."):
                assert np.array_equal(first[weight], other[weight])


@pytest.mark.parametrize("name", FROZEN + TUNED)
def test_features_are_computed_once_where_layers_are_frozen(watched, name):
    _, _, train, test, _ = watched[1][name]
    expected = None if name.endswith("+") else int(name[1])
    assert train.kept == test.kept == expected


@pytest.mark.parametrize("name", FROZEN)
def test_on_features_the_network_is_measured_as_on_images(watched, transfer, name):
    _, network, _, test, rows = watched[1][name]
    whole = evaluate(network, transfer.test.on_device())
    assert rows[-1]["exact_match"] == whole["exact_match"]
    cached = evaluate(network, test)
    for digit in range(10):
        assert cached[f"recall_{digit}"] == pytest.approx(whole[f"recall_{digit}"], nan_ok=True)


def test_the_reported_figure_is_the_last_evaluation(watched):
    rows, seen = watched
    for row in rows:
        assert row["exact_match"] == seen[row["scheme"]][-1][-1]["exact_match"]


def test_all_schemes_and_the_base_have_the_same_budget_and_the_long_base_that_of_both_trainings(
    watched,
):
    steps = {name: tuple(row["step"] for row in rows) for name, (*_, rows) in watched[1].items()}
    # 40 images in batches of 16: three steps an epoch, evaluated at the ends
    assert steps.pop(LONG) == (0, 9)  # one epoch of re-training after the two of kept layers
    assert set(steps.values()) == {(0, 3)}
    sizes = {len(train) for _, _, train, *_ in watched[1].values()}
    assert sizes == {40}


@pytest.mark.parametrize("scheme", list(schemes()), ids=lambda scheme: scheme.name)
def test_the_budget_is_that_of_re_training(spec, train_params, scheme):
    train = replace(train_params, epochs=9, lr_capsnet=0.02, lr_cnn=0.03, weight_decay=0.1)
    epochs, rate = 13 if scheme.name == LONG else 4, 0.03 if spec.kind == "cnn" else 0.02
    budget = transfer_budget(scheme, train, TransferParams(1, 4), spec)
    assert budget == Budget(epochs, 16, rate, 2, 0.2, even_evaluations=1, weight_decay=0.1)


def test_the_long_base_differs_from_the_base_in_its_budget_alone(spec, transfer, train_params):
    base, long = (
        scheme_training(
            "any",
            spec,
            transfer,
            scheme,
            transfer_budget(scheme, train_params, TransferParams(1, 1), spec),
            seed=3,
        )
        for scheme in (Scheme("R", 0, tuned=True), BASE_LONG)
    )
    assert (base.budget.epochs, long.budget.epochs) == (1, 3)
    assert (base.name, long.name) == ("any split 1 AB base", "any split 1 AB base_long")
    assert long == replace(base, budget=long.budget, name=long.name)


def test_the_long_base_starts_from_the_weights_of_the_base(watched):
    (base, *_), (long, *_) = watched[1][BASE], watched[1][LONG]
    np.testing.assert_equal(long, base)


def test_training_on_features_is_training_on_images_with_layers_frozen(
    spec, transfer, train_params
):
    """The cache is a matter of speed alone."""
    budget = transfer_budget(Scheme("A", 1), train_params, TransferParams(1, 2), spec)
    found = []
    for cached in (True, False):
        network = prepare(spec, transfer, Scheme("A", 1), 0)
        train, test = transfer.train.on_device(), transfer.test.on_device()
        if cached:
            train, test = (frozen_features(network, part, 1) for part in (train, test))
        else:
            for part in (network.conv1, network.conv2, network.layers[0]):
                part.requires_grad_(False)
        order = torch.Generator().manual_seed(0)
        fit(network, train, test, budget, order)
        found.append(weights_of(network))
    for weight, value in found[0].items():
        np.testing.assert_allclose(value, found[1][weight], rtol=1e-3, atol=1e-4)


def test_random_layers_are_neither_domains(spec, transfer):
    random = weights_of(prepare(spec, transfer, Scheme("R", 2), 0))
    for weight, value in random.items():
        assert not np.array_equal(value, transfer.source[weight])
        assert not np.array_equal(value, transfer.target[weight])


def test_each_split_and_direction_draws_its_own_fresh_weights(spec, transfer):
    drawn = [
        weights_of(prepare(spec, part, Scheme("A", 1), seed))["layers.2.weight"].tobytes()
        for part, seed in (
            (transfer, 0),
            (replace(transfer, split=2), 0),
            (replace(transfer, direction="BA"), 0),
            (transfer, 1),
        )
    ]
    assert len(set(drawn)) == 4


@pytest.mark.parametrize("kept", [1, 2])
def test_a_donor_of_another_network_is_refused(spec, transfer, kept):
    whole = transfer.source
    lacking = {name: value for name, value in whole.items() if name != "layers.0.weight"}
    more = whole | {"layers.0.gain": whole["conv1.bias"]}
    for donor, named in (
        (lacking, "missing.*layers.0.weight"),
        (more, "unexpected.*layers.0.gain"),
    ):
        with pytest.raises(ValueError, match=named):
            prepare(spec, replace(transfer, source=donor), Scheme("A", kept), 0)


def test_a_donor_need_not_have_what_is_not_kept(spec, transfer):
    lower = {name: value for name, value in transfer.source.items() if is_kept(name, 1)}
    prepare(spec, replace(transfer, source=lower), Scheme("A", 1), 0)
    with pytest.raises(ValueError, match=r"missing.*layers\.1\.weight"):
        prepare(spec, replace(transfer, source=lower), Scheme("A", 2), 0)


def scores(base: tuple[float, float], a1b: tuple[float, float]) -> pd.DataFrame:
    return pd.DataFrame(
        {"scheme": scheme, "exact_match": value, "split": split, "direction": "AB"}
        for scheme, values in (("base", base), ("A1B", a1b))
        for split, value in enumerate(values)
    )


def test_a_loss_that_is_not_finite_names_scheme_and_step(spec, transfer, train_params):
    broken = replace(train_params, lr_capsnet=1e30, lr_cnn=1e30)
    named = rf"{spec.kind} split 1 AB base \(seed 0\), step 1: .*nan"
    with pytest.raises(LossNotFiniteError, match=named):
        run_transfers(spec.kind, spec, [transfer], broken, TransferParams(1, 1))


def test_the_record_of_the_schemes():
    found = summarise_schemes(scores((0.8, 0.6), (0.4, 0.6)))
    assert list(found) == ["base", "A1B"]
    drops = {scheme: record.pop("relative_drop") for scheme, record in found.items()}
    assert found["base"] == pytest.approx({"mean": 0.7, "std": 0.02**0.5, "n": 2})
    assert found["A1B"] == pytest.approx({"mean": 0.5, "std": 0.02**0.5, "n": 2})
    assert drops["base"] == {"mean": 0, "std": 0, "n": 2}
    assert drops["A1B"] == pytest.approx({"mean": 0.25, "std": 0.125**0.5, "n": 2})


def test_drops_of_the_long_base_too_are_from_base():
    long = scores((0.9, 0.9), (0.4, 0.6)).replace({"scheme": {"base": LONG}})
    table = pd.concat([scores((0.8, 0.6), (0.4, 0.6)), long[long["scheme"] == LONG]])
    found = summarise_schemes(table)
    assert found["A1B"] == summarise_schemes(scores((0.8, 0.6), (0.4, 0.6)))["A1B"]
    assert found[LONG]["relative_drop"]["mean"] == pytest.approx((-0.1 / 0.8 - 0.3 / 0.6) / 2)


def test_a_base_of_nothing_has_no_relative_drop():
    found = summarise_schemes(scores((0.0, 0.5), (0.1, 0.4)))
    assert found["A1B"]["relative_drop"] == pytest.approx(
        {"mean": 0.2, "std": float("nan"), "n": 1}, nan_ok=True
    )
    assert found["A1B"]["n"] == 2
