"""The fused routing as an operator of PyTorch."""

import pytest
import torch

from capsnet_study.routing import kernels
from tests.routing.problems import by_fused, problem

OPERATORS = torch.ops.capsnet_study


def arguments() -> tuple[torch.Tensor, ...]:
    """Return u [I, K, B], weights and biases as the operator takes them."""
    case = problem(2, (5, 4), (3, 6), dtype=torch.float32)
    return case.u.permute(1, 2, 0).contiguous(), case.weight, case.bias


@pytest.mark.parametrize("full, keep", [(True, True), (True, False), (False, False)])
def test_both_operators_pass_the_checks_of_pytorch(full, keep):
    """Among them: meta tensors have the shapes of real ones, and no input is changed."""
    leaves = [part.clone().requires_grad_() for part in arguments()]
    torch.library.opcheck(OPERATORS.route.default, (*leaves, 3, 0.5, full, keep))

    s, *saved = OPERATORS.route(*arguments(), 3, 0.5, full, keep)
    ds = torch.ones_like(s)
    for dc in (torch.ones_like(saved[0]), torch.empty(0, 0, 0)):
        given = (*arguments(), *saved, ds, dc, 0.5, full)
        torch.library.opcheck(OPERATORS.route_backward.default, given)


@pytest.mark.parametrize("n_iter", [1, 4])
def test_couplings_that_were_not_kept_are_computed_again(n_iter):
    """To the last bit, as in a graph that was recorded under no_grad."""
    grads = []
    for keep in (True, False):
        leaves = [part.clone().requires_grad_() for part in arguments()]
        s, c, _, proposed = OPERATORS.route(*leaves, n_iter, 0.5, True, keep)
        assert len(proposed) == keep * (n_iter - 1)
        grads.append(torch.autograd.grad(s.square().sum() + c.square().sum(), leaves))
    assert all(torch.equal(one, other) for one, other in zip(*grads, strict=True))


@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode])
def test_evaluation_keeps_no_couplings_of_iterations(monkeypatch, context):
    sizes = []

    def forward(*arguments, compiled=kernels.forward):
        sizes.append(arguments[-1].size)
        return compiled(*arguments)

    monkeypatch.setattr(kernels, "forward", forward)
    case = problem(2, (5, 4), (3, 6), 4)
    expected = by_fused(case, case.u, case.weight, case.bias)
    with context():
        found = by_fused(case, case.u, case.weight, case.bias)
    assert sizes == [3 * 5 * 3 * 2, 0]
    assert all(torch.equal(one, other) for one, other in zip(found, expected, strict=True))


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
