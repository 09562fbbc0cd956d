"""Couplings that an arm changes: of a certainty, of another image, at a temperature."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from capsnet_study.routing.clamp import clamp
from capsnet_study.routing.layer import CapsuleLayer
from capsnet_study.routing.params import InForce
from capsnet_study.routing.route import couplings, route
from tests.routing.reference import softmax, squash

SIZES = dict(in_caps=5, in_dim=3, out_caps=4, out_dim=6)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def layer_of(**changed) -> CapsuleLayer:
    layer = CapsuleLayer(**SIZES | dict(n_iter=3, eta=1.0, bias=True) | changed).double()
    layer.reset_parameters(seeded())
    torch.nn.init.normal_(layer.bias, std=0.2, generator=seeded(1))
    return layer


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=seeded(seed), dtype=torch.float64)


def share_of(c: torch.Tensor) -> float:
    return torch.special.entr(c).sum(dim=-1).mean().item() / math.log(c.shape[-1])


def v_by_loops(layer: CapsuleLayer, u: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Return v of one image, u [I, K] and c [I, J], from eq. 1 alone."""
    weight, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()
    found = []
    for j in range(c.shape[1]):
        s = bias[j].copy()
        for i in range(len(c)):
            s += c[i, j] * (weight[i, j] @ u[i])
        found.append(squash(s))
    return np.array(found)


@pytest.fixture(params=["fused", "plain"])
def path(request, monkeypatch):
    monkeypatch.setenv("CAPS_ROUTING", request.param)


def test_given_couplings_are_used_for_each_image_or_for_all():
    layer, u = layer_of(), draw(2, 5, 3)
    c = draw(2, 5, 4, seed=3).softmax(dim=-1)
    own, shared = layer.with_couplings(u, c).detach(), layer.with_couplings(u, c[0]).detach()
    for n in range(2):
        np.testing.assert_allclose(own[n], v_by_loops(layer, u[n].numpy(), c[n].numpy()))
        np.testing.assert_allclose(shared[n], v_by_loops(layer, u[n].numpy(), c[0].numpy()))


def test_the_couplings_of_a_layer_give_its_capsules():
    layer, u = layer_of(), draw(2, 5, 3)
    v, c = layer(u)
    torch.testing.assert_close(layer.with_couplings(u, c), v)


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize("gradient", ["full", "last"])
def test_sham_routing_takes_the_couplings_of_the_next_image(gradient):
    sham, own = (layer_of(couplings_of=whose, gradient=gradient) for whose in ("other", "own"))
    u = draw(3, 5, 3)
    _, c = own(u)
    v, taken = sham(u)
    for n, other in enumerate([2, 0, 1]):
        torch.testing.assert_close(taken[n], c[other])
        expected = v_by_loops(own, u[n].numpy(), c[other].detach().numpy())
        np.testing.assert_allclose(v[n].detach(), expected)


def test_sham_routing_keeps_all_couplings_and_their_entropy():
    u = draw(8, 5, 3)
    (_, sham), (_, own) = layer_of(couplings_of="other")(u), layer_of()(u)
    assert share_of(sham) == pytest.approx(share_of(own), abs=1e-12)
    torch.testing.assert_close(sham.sum(dim=0), own.sum(dim=0))


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize("gradient", ["full", "last"])
@pytest.mark.parametrize("certainty", [0.99, 0.7, 0.3])
def test_a_clamped_layer_is_as_certain_as_it_is_told(gradient, certainty):
    layer, u = layer_of(gradient=gradient), draw(6, 5, 3)
    layer.set_routing(InForce(3, 1.0, certainty))
    v, c = layer(u)
    assert share_of(c) == pytest.approx(certainty, abs=1e-3)
    np.testing.assert_allclose(
        v[2].detach(), v_by_loops(layer, u[2].numpy(), c[2].detach().numpy())
    )


def test_clamped_couplings_are_the_softmax_of_scaled_logits():
    logits = draw(3, 5, 4)
    c = clamp(logits.softmax(dim=-1), 0.6)
    ratio = (c[0, 0].log() - c[0, 0, 0].log()) / (logits[0, 0] - logits[0, 0, 0])
    factor = ratio[1].item()
    for n in range(3):
        for i in range(5):
            expected = softmax(factor * logits[n, i].numpy())
            np.testing.assert_allclose(c[n, i], expected, atol=1e-12)


@given(st.floats(0.02, 0.98), st.floats(0.05, 20.0), st.integers(0, 50))
@settings(deadline=None, max_examples=50)
def test_any_certainty_is_reached_and_preferences_stay(certainty, scale, seed):
    c = (scale * draw(4, 6, 5, seed=seed)).softmax(dim=-1)
    found = clamp(c, certainty)
    assert share_of(found) == pytest.approx(certainty, abs=1e-2)
    torch.testing.assert_close(found.sum(dim=-1), torch.ones(4, 6, dtype=torch.float64))
    assert torch.equal(found.argmax(dim=-1), c.argmax(dim=-1))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_couplings_that_do_not_differ_stay_uniform(dtype):
    c = torch.full((2, 3, 4), 0.25, dtype=dtype, requires_grad=True)
    found = clamp(c, 0.5)
    torch.testing.assert_close(found, torch.full_like(c, 0.25))
    assert torch.autograd.grad(found.square().sum(), c)[0].isfinite().all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("certainty", [0.1, 0.9])
def test_couplings_in_half_precision_are_clamped(certainty, dtype):
    c = draw(8, 6, 5).softmax(dim=-1).to(dtype).requires_grad_()
    found = clamp(c, certainty)
    assert found.dtype == dtype
    assert share_of(found.double()) == pytest.approx(certainty, abs=2e-2)
    assert torch.autograd.grad(found.square().sum(), c)[0].isfinite().all()


def test_couplings_of_zero_are_clamped_without_infinities():
    c = torch.tensor([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]], requires_grad=True)
    found = clamp(c, 0.5)
    assert share_of(found) == pytest.approx(0.5, abs=2e-3)
    assert torch.autograd.grad(found.square().sum(), c)[0].isfinite().all()


def test_the_gradient_takes_the_temperature_of_a_clamp_for_a_constant():
    logits = draw(2, 3, 4).requires_grad_()
    c = clamp(logits.softmax(dim=-1), 0.6)
    detached = logits.detach()
    factor = (c[0, 0, 1] / c[0, 0, 0]).log() / (detached[0, 0, 1] - detached[0, 0, 0])
    found = torch.autograd.grad(c.square().sum(), logits)[0]
    again = (factor.detach() * logits).softmax(dim=-1)
    torch.testing.assert_close(found, torch.autograd.grad(again.square().sum(), logits)[0])


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize("gradient", ["full", "last"])
def test_changed_couplings_pass_on_the_gradient_that_a_layer_has(gradient):
    """That of all iterations, or none."""
    clamped, sham = (layer_of(gradient=gradient, couplings_of=whose) for whose in ("own", "other"))
    clamped.set_routing(InForce(3, 1.0, 0.7))
    for layer, change in ((clamped, lambda c: clamp(c, 0.7)), (sham, lambda c: c.roll(1, 0))):
        u = draw(3, 5, 3).requires_grad_()
        v, c = layer(u)
        assert c.requires_grad == (gradient == "full")
        _, own = route(layer.votes(u), 3, 1.0, gradient, layer.bias)
        expected = layer.with_couplings(u, change(own))
        leaves = [u, layer.weight, layer.bias]
        found, wanted = (torch.autograd.grad(one.pow(3).sum(), leaves) for one in (v, expected))
        torch.testing.assert_close(found, wanted)


@pytest.mark.parametrize("temperature", [0.5, 2.0, 10.0])
def test_a_temperature_divides_the_logits(temperature):
    votes = draw(1, 5, 4, 6)
    bias = draw(4, 6, seed=2) / 5
    c = couplings(votes, 2, 1.0, bias, temperature)
    uniform = np.full((5, 4), 0.25)
    v = np.array(
        [
            squash((uniform[:, j, None] * votes[0, :, j].numpy()).sum(0) + bias[j].numpy())
            for j in range(4)
        ]
    )
    for i in range(5):
        logits = np.array([v[j] @ votes[0, i, j].numpy() for j in range(4)])
        np.testing.assert_allclose(c[0, i], softmax(logits / temperature))


@pytest.mark.parametrize("gradient", ["full", "last"])
@pytest.mark.parametrize("eta", [1.0, 0.4])
def test_a_temperature_divides_the_agreements_of_all_iterations(gradient, eta):
    votes = draw(2, 5, 4, 6)
    b, c = torch.zeros(2, 5, 4, dtype=torch.float64), torch.full((2, 5, 4), 0.25).double()
    for _ in range(3):
        s = (c[..., None] * votes).sum(dim=1).numpy()
        v = torch.tensor(np.array([[squash(row) for row in one] for one in s]))
        b += (votes * v[:, None]).sum(dim=-1)
        c = eta * (b / 3).softmax(dim=-1) + (1 - eta) * c
    _, found = route(votes, 4, eta, gradient, temperature=3.0)
    torch.testing.assert_close(found, c)


def test_a_layer_routes_at_its_temperature():
    layer, u = layer_of(temperature=2.0), draw(2, 5, 3)
    expected = route(layer.votes(u), 3, 1.0, "full", layer.bias, 2.0)
    for found, wanted in zip(layer(u), expected, strict=True):
        torch.testing.assert_close(found, wanted)
