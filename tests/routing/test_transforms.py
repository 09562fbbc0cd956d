"""Transforms of `torch.func`, forward-mode derivatives and derivatives of gradients."""

import pytest
import torch
from torch.autograd import forward_ad
from torch.func import functional_call, grad, hessian, jacfwd, jacrev, jvp, vmap

from capsnet_study.routing.layer import CapsuleLayer
from capsnet_study.routing.params import InForce
from tests.routing.problems import by_fused, leaves_of, problem

U = torch.randn(2, 5, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
TANGENT = torch.randn(2, 5, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def layer_of(gradient: str = "full") -> CapsuleLayer:
    layer = CapsuleLayer(5, 4, 3, 6, 3, 0.6, gradient, bias=True).double()
    layer.reset_parameters(torch.Generator().manual_seed(2))
    return layer


def loss(layer: CapsuleLayer, weights: dict, u: torch.Tensor) -> torch.Tensor:
    return functional_call(layer, weights, (u,))[0].pow(3).sum()


def weights_of(layer: CapsuleLayer) -> dict[str, torch.Tensor]:
    return {name: weight.detach() for name, weight in layer.named_parameters()}


def gradients_of_samples(layer):
    of_one = grad(lambda weights, u: loss(layer, weights, u.unsqueeze(0)))
    return list(vmap(of_one, (None, 0))(weights_of(layer), U).values())


def dual_tensors(layer):
    with forward_ad.dual_level():
        v, _ = layer(forward_ad.make_dual(U, TANGENT))
        return forward_ad.unpack_dual(v)


def tangent_of_a_gradient(layer):
    u = U.clone().requires_grad_()
    v, _ = layer(u)
    with forward_ad.dual_level():
        (du,) = torch.autograd.grad(v, u, forward_ad.make_dual(torch.ones_like(v), v.detach()))
        return forward_ad.unpack_dual(du)


def batch_of_gradients(layer):
    u = U.clone().requires_grad_()
    v, _ = layer(u)
    unit = torch.eye(v.numel(), dtype=v.dtype).view(-1, *v.shape)
    return torch.autograd.grad(v, [u, *layer.parameters()], unit, is_grads_batched=True)


def gradient_penalty(layer):
    u = U.clone().requires_grad_()
    (du,) = torch.autograd.grad(layer(u)[0].square().sum(), u, create_graph=True)
    return torch.autograd.grad((du.norm(dim=-1) - 1).square().sum(), [u, *layer.parameters()])


@pytest.mark.parametrize("gradient", ["full", "last"])
@pytest.mark.parametrize(
    "derive",
    [
        gradients_of_samples,
        dual_tensors,
        tangent_of_a_gradient,
        batch_of_gradients,
        gradient_penalty,
        lambda layer: jacrev(layer)(U),
        lambda layer: jacfwd(layer)(U),
        lambda layer: jvp(layer, (U,), (TANGENT,)),
        lambda layer: hessian(lambda u: layer(u)[0].sum())(U),
    ],
)
def test_both_paths_can_be_transformed_and_agree(monkeypatch, derive, gradient):
    layer = layer_of(gradient)
    monkeypatch.setenv("CAPS_ROUTING", "plain")
    expected = derive(layer)
    monkeypatch.setenv("CAPS_ROUTING", "fused")
    torch.testing.assert_close(derive(layer), expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("gradient", ["full", "last"])
def test_forward_mode_agrees_with_reverse_mode(gradient):
    """Couplings that are constants to one are constants to the other."""
    layer = layer_of(gradient)
    _, (found, _) = jvp(layer, (U,), (TANGENT,))
    jacobian, _ = jacrev(layer)(U)
    torch.testing.assert_close(found, (jacobian * TANGENT).sum(dim=(-3, -2, -1)))


@pytest.mark.parametrize("n_iter, eta, bias", [(1, 1.0, True), (2, 1.0, False), (4, 0.3, True)])
def test_gradients_of_gradients_agree_with_finite_differences(n_iter, eta, bias):
    """Of v and of c."""
    case = problem(2, (3, 2), (3, 2), n_iter, eta, bias=bias, scale=2)
    assert torch.autograd.gradgradcheck(
        lambda *leaves: by_fused(case, *leaves), leaves_of(case), fast_mode=True
    )


def test_gradients_of_a_clamped_layer_can_be_differentiated():
    layer = layer_of()
    layer.set_routing(InForce(3, 1.0, 0.7))
    assert all(torch.isfinite(one).all() and one.any() for one in gradient_penalty(layer))


def test_create_graph_does_not_change_a_gradient():
    """To the last bit."""
    layer, u = layer_of(), U.clone().requires_grad_()
    v, _ = layer(u)
    (once,) = torch.autograd.grad(v.sum(), u, retain_graph=True)
    (again,) = torch.autograd.grad(v.sum(), u, create_graph=True)
    assert torch.equal(once, again) and again.requires_grad
