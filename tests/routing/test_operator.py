"""The fused routing as an operator of PyTorch."""

import inspect

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from capsnet_study.routing import kernels
from capsnet_study.routing.fused import fused_route
from capsnet_study.routing.layer import CapsuleLayer
from tests.routing.problems import by_fused, problem

OPERATORS = torch.ops.capsnet_study
unchecked = inspect.unwrap(fused_route)  # by jaxtyping, which looks at shapes in tests only


def arguments(device: str = "cpu") -> tuple[torch.Tensor, ...]:
    """Return u [I, K, B], weights and biases as the operator takes them."""
    case = problem(2, (5, 4), (3, 6), dtype=torch.float32)
    parts = (case.u.permute(1, 2, 0).contiguous(), case.weight, case.bias)
    return tuple(part.to(device) for part in parts)


@pytest.mark.parametrize("full, keep", [(True, True), (True, False), (False, False)])
def test_both_operators_keep_the_rules_of_pytorch(full, keep):
    leaves = [part.clone().requires_grad_() for part in arguments()]
    torch.library.opcheck(OPERATORS.route.default, (*leaves, 3, 0.5, full, keep))

    s, *saved = OPERATORS.route(*arguments(), 3, 0.5, full, keep)
    ds = torch.ones_like(s)
    for dc in (torch.ones_like(saved[0]), torch.empty(0, 0, 0)):
        given = (*arguments(), *saved, ds, dc, 0.5, full)
        torch.library.opcheck(OPERATORS.route_backward.default, given)


@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("n_iter", [1, 4])
def test_meta_tensors_have_the_shapes_of_real_ones(n_iter, keep):
    real = OPERATORS.route(*arguments(), n_iter, 0.5, True, keep)
    meta = OPERATORS.route(*arguments("meta"), n_iter, 0.5, True, keep)
    for one, other in zip(real, meta, strict=True):
        assert (one.shape, one.dtype) == (other.shape, other.dtype)
        assert other.device.type == "meta"


@pytest.mark.parametrize("n_iter", [1, 4])
def test_what_was_not_kept_is_computed_again(n_iter):
    """As in a graph that was recorded under no_grad; to the last bit."""
    grads = []
    for keep in (True, False):
        leaves = [part.clone().requires_grad_() for part in arguments()]
        s, c, _, proposed = OPERATORS.route(*leaves, n_iter, 0.5, True, keep)
        assert len(proposed) == keep * (n_iter - 1)
        grads.append(torch.autograd.grad(s.square().sum() + c.square().sum(), leaves))
    assert all(torch.equal(one, other) for one, other in zip(*grads, strict=True))


def test_a_layer_of_fake_tensors_gives_fake_capsules():
    with FakeTensorMode():
        layer = CapsuleLayer(5, 4, 3, 6, 3, 0.5, bias=True)
        u = torch.randn(2, 5, 4, requires_grad=True)
        v, c = layer(u)
        v.sum().backward()
        assert (v.shape, c.shape, u.grad.shape) == ((2, 3, 6), (2, 5, 3), (2, 5, 4))


def test_without_gradients_nothing_is_kept_for_them():
    case = problem(2, (5, 4), (3, 6))
    expected = by_fused(case, case.u, case.weight.requires_grad_(), case.bias)
    with torch.no_grad():
        found = by_fused(case, case.u, case.weight, case.bias)
    for one, other in zip(found, expected, strict=True):
        assert not one.requires_grad and other.requires_grad
        assert torch.equal(one, other)


@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode])
def test_evaluation_makes_room_for_no_history(monkeypatch, context):
    sizes = []

    def forward(*arguments, compiled=kernels.forward):
        sizes.append(arguments[-1].size)
        return compiled(*arguments)

    monkeypatch.setattr(kernels, "forward", forward)
    case = problem(2, (5, 4), (3, 6), 4)
    by_fused(case, case.u, case.weight, case.bias)
    with context():
        by_fused(case, case.u, case.weight, case.bias)
    assert sizes == [3 * 5 * 3 * 2, 0]


def test_memory_layout_does_not_matter():
    """Views of any strides, forward and backward."""
    case = problem(2, (5, 4), (3, 6))
    plain = case.weight.clone().requires_grad_()
    turned = case.weight.permute(3, 2, 1, 0).contiguous().requires_grad_()
    found = []
    for u, weight, bias in (
        (case.u, plain, case.bias),
        (case.u.mT.contiguous().mT, turned.permute(3, 2, 1, 0), case.bias.T.contiguous().T),
    ):
        v, c = by_fused(case, u, weight, bias)
        (v.mT[..., ::2].sum() + c[:, ::2].square().sum()).backward()
        found.append((v, c))
    assert all(torch.equal(one, other) for one, other in zip(*found, strict=True))
    assert torch.equal(turned.grad.permute(3, 2, 1, 0), plain.grad)


@pytest.mark.parametrize("shape", [(2, 4, 4), (2, 6, 4), (2, 5, 3), (2, 5, 5)])
def test_capsules_that_do_not_fit_the_weights_are_refused(shape):
    """Compiled code would read beyond the end of an array."""
    weight = torch.randn(5, 3, 6, 4)
    with pytest.raises(ValueError, match=r"\[batch, 5, 4\] is needed"):
        unchecked(torch.randn(shape), weight, 3, 0.5)


def test_a_bias_that_does_not_fit_is_refused():
    with pytest.raises(RuntimeError, match="expand"):
        unchecked(torch.randn(2, 5, 4), torch.randn(5, 3, 6, 4), 3, 0.5, "full", torch.randn(2, 6))


@pytest.mark.parametrize("wrong", [{"n_iter": 0}, {"eta": 1.5}, {"gradient": "first"}])
def test_senseless_routing_is_refused(wrong):
    case = problem(2, (5, 4), (3, 6))
    key, value = next(iter(wrong.items()))
    with pytest.raises(ValueError, match=f"{key} = {value!r}"):
        fused_route(case.u, case.weight, **{"n_iter": 3, "eta": 0.5} | wrong)
