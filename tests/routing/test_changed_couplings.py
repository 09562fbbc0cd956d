"""Couplings that an arm changes: clamped to a certainty, or taken from another image."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from capsnet_study.routing.clamp import clamp
from capsnet_study.routing.layer import CapsuleLayer
from capsnet_study.routing.params import InForce
from capsnet_study.routing.route import route
from tests.routing.oracles import squashed

GRADIENTS = pytest.mark.parametrize("gradient", ["full", "last"])


def layer_of(**changed) -> CapsuleLayer:
    sizes = dict(in_caps=5, in_dim=3, out_caps=4, out_dim=6)
    layer = CapsuleLayer(**sizes | dict(n_iter=3, eta=1.0, bias=True) | changed).double()
    layer.reset_parameters(torch.Generator().manual_seed(0))
    torch.nn.init.normal_(layer.bias, std=0.2, generator=torch.Generator().manual_seed(1))
    return layer


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def share_of(c: torch.Tensor) -> float:
    """Return H / log J."""
    return torch.special.entr(c).sum(dim=-1).mean().item() / math.log(c.shape[-1])


@pytest.fixture(params=["fused", "plain"])
def path(request, monkeypatch):
    monkeypatch.setenv("CAPS_ROUTING", request.param)


@given(st.floats(0.02, 0.98), st.floats(0.05, 20.0), st.integers(0, 50))
def test_any_certainty_is_reached_and_preferences_stay(certainty, scale, seed):
    c = (scale * draw(4, 6, 5, seed=seed)).softmax(dim=-1)
    found = clamp(c, certainty)
    assert share_of(found) == pytest.approx(certainty, abs=1e-2)
    torch.testing.assert_close(found.sum(dim=-1), torch.ones(4, 6, dtype=torch.float64))
    assert torch.equal(found.argmax(dim=-1), c.argmax(dim=-1))


@pytest.mark.parametrize(
    "c, certainty, reached",
    [
        (torch.full((2, 3, 4), 0.25), 0.5, 1.0),  # no factor is enough
        (torch.tensor([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]]), 0.5, 0.5),
        (draw(8, 6, 5).softmax(dim=-1).half(), 0.1, 0.1),
        (draw(8, 6, 5).softmax(dim=-1).bfloat16(), 0.9, 0.9),
    ],
    ids=["uniform", "zeros", "half", "bfloat16"],
)
def test_special_couplings_are_clamped_with_finite_gradients(c, certainty, reached):
    c = c.clone().requires_grad_()
    found = clamp(c, certainty)
    assert found.dtype == c.dtype
    assert share_of(found.double()) == pytest.approx(reached, abs=2e-2)
    assert torch.autograd.grad(found.square().sum(), c)[0].isfinite().all()


def test_a_clamp_is_one_factor_on_all_logits_and_a_constant_to_the_gradient():
    logits = draw(2, 3, 4).requires_grad_()
    c = clamp(logits.softmax(dim=-1), 0.6)
    factor = (c[0, 0, 1] / c[0, 0, 0]).log() / (logits[0, 0, 1] - logits[0, 0, 0])
    expected = (factor.detach() * logits).softmax(dim=-1)
    torch.testing.assert_close(c, expected)
    found, wanted = (torch.autograd.grad(one.square().sum(), logits) for one in (c, expected))
    torch.testing.assert_close(found, wanted)


@pytest.mark.usefixtures("path")
@GRADIENTS
@pytest.mark.parametrize("certainty", [0.7, None])
def test_a_layer_uses_its_changed_couplings_and_their_gradient(gradient, certainty):
    """Clamped ones, or those of another image; `full` passes through their iterations."""
    layer = layer_of(gradient=gradient, couplings_of="own" if certainty else "other")
    layer.set_routing(InForce(3, 1.0, certainty))
    u = draw(3, 5, 3).requires_grad_()
    v, c = layer(u)
    assert c.requires_grad == (gradient == "full")
    _, own = route(layer.votes(u), 3, 1.0, gradient, layer.bias)
    torch.testing.assert_close(c, clamp(own, certainty) if certainty else own[[2, 0, 1]])
    for found, images, weights in zip(v, layer.votes(u), c, strict=True):
        parts = (part.detach().numpy() for part in (weights, images, layer.bias))
        np.testing.assert_allclose(found.detach(), squashed(*parts))
    leaves = [u, layer.weight, layer.bias]
    again = layer.with_couplings(u, clamp(own, certainty) if certainty else own[[2, 0, 1]])
    grads = [torch.autograd.grad(one.pow(3).sum(), leaves) for one in (v, again)]
    torch.testing.assert_close(*grads)


@pytest.mark.parametrize("certainty", [-0.1, 0.0, 1.0, math.nan])
def test_a_certainty_outside_0_to_1_is_refused(certainty):
    with pytest.raises(ValueError, match=f"^certainty = {certainty}"):
        clamp(torch.full((2, 3, 4), 0.25), certainty)
