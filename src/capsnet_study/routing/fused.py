"""The fused routing as an operator of PyTorch: autograd, meta form, `torch.compile`."""

from __future__ import annotations

from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from capsnet_study.routing import kernels
from capsnet_study.routing.checks import check_capsules, check_routing
from capsnet_study.routing.modes import is_transformed
from capsnet_study.routing.route import last_input, route, votes_of
from capsnet_study.routing.threads import one_thread
from capsnet_study.routing.vectors import squash


def fused_route(
    u: Float[Tensor, "batch in_caps in_dim"],
    weight: Float[Tensor, "in_caps out_caps out_dim in_dim"],
    n_iter: int,
    eta: float,
    gradient: str = "full",
    bias: Float[Tensor, "out_caps out_dim"] | None = None,
) -> tuple[Float[Tensor, "batch out_caps out_dim"], Float[Tensor, "batch in_caps out_caps"]]:
    """Route the votes W_ij u_i without ever storing them, on the CPU.

    The same as ``route(votes, n_iter, eta, gradient, bias)`` up to rounding, in float32 or float64;
    it runs on one thread, and no sample's result depends on the others of its batch (one of another
    size may round the last digits otherwise). Under transforms of `torch.func`, and for derivatives
    that no kernel computes, plain PyTorch stores the votes.

    Raises
    ------
    ValueError
        `u` or `bias` does not fit `weight`; `n_iter`, `eta` or `gradient` is out of range.
    """
    check_routing(n_iter, eta, gradient)
    check_capsules(u, weight, bias)  # compiled code would read beyond the end
    if bias is None:
        bias = weight.new_zeros(weight.shape[1:3])
    if is_transformed(u, weight, bias) or u.dtype != weight.dtype:  # the latter under autocast
        return route(votes_of(u, weight), n_iter, eta, gradient, bias)
    full = gradient == "full"
    bias = bias.expand(weight.shape[1:3]).contiguous()
    lower = u.permute(1, 2, 0).contiguous()  # [in_caps, in_dim, batch]
    keep = full and (torch.is_grad_enabled() or torch.jit.is_tracing())  # a trace is checked twice
    s, c, _, _ = _route(lower, weight.contiguous(), bias, n_iter, eta, full, keep)
    if gradient == "last":
        c = c.detach()
    return squash(s.permute(2, 0, 1)), c.permute(2, 0, 1)  # [batch, ...]


# Schemas are spelled out, since type checkers that rewrite annotations hide them from PyTorch.
@torch.library.custom_op(
    "capsnet_study::route",
    mutates_args=(),
    device_types="cpu",
    schema="(Tensor u, Tensor weight, Tensor bias, int n_iter, float eta, bool full, bool keep)"
    " -> (Tensor, Tensor, Tensor, Tensor)",
)
def _route(
    u: Tensor, weight: Tensor, bias: Tensor, n_iter: int, eta: float, full: bool, keep: bool
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return s and c of the last iteration; s and, if they are to be kept, ĉ of all."""
    proposed = u.new_empty(_proposed_shape(u, weight, n_iter, keep))
    arrays = (part.numpy() for part in (u, weight, bias))
    with one_thread:
        s, c = kernels.forward(*arrays, n_iter, eta, proposed.numpy())
    history = torch.from_numpy(s)
    return history[-1].clone(), torch.from_numpy(c), history, proposed


@_route.register_fake
def _(u, weight, bias, n_iter, eta, full, keep):
    in_caps, out_caps, out_dim, _ = weight.shape
    batch = u.shape[2]
    return (
        u.new_empty(out_caps, out_dim, batch),
        u.new_empty(in_caps, out_caps, batch),
        u.new_empty(n_iter, out_caps, out_dim, batch),
        u.new_empty(_proposed_shape(u, weight, n_iter, keep)),
    )


@torch.library.custom_op(
    "capsnet_study::route_backward",
    mutates_args=(),
    device_types="cpu",
    schema="(Tensor u, Tensor weight, Tensor bias, Tensor c, Tensor history, Tensor proposed,"
    " Tensor ds, Tensor dc, float eta, bool full) -> (Tensor, Tensor, Tensor)",
)
def _route_backward(
    u: Tensor,
    weight: Tensor,
    bias: Tensor,
    c: Tensor,
    history: Tensor,
    proposed: Tensor,
    ds: Tensor,
    dc: Tensor,
    eta: float,
    full: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients of lower capsules, weights and bias."""
    if full:
        if len(proposed) < len(history) - 1:  # a graph that was recorded under no_grad keeps none
            _, c, history, proposed = _route(u, weight, bias, len(history), eta, True, True)
        arrays = (part.numpy() for part in (u, weight, history, proposed, ds, dc))
        with one_thread:
            du, dweight, all_ds = map(torch.from_numpy, kernels.backward_full(*arrays, eta))
        return du, dweight, all_ds.sum(dim=(0, 3))
    arrays = (part.numpy() for part in (u, weight, c, ds))
    with one_thread:
        du, dweight = map(torch.from_numpy, kernels.backward_last(*arrays))
    return du, dweight, ds.sum(dim=2)


@_route_backward.register_fake
def _(u, weight, bias, c, history, proposed, ds, dc, eta, full):
    return torch.empty_like(u), torch.empty_like(weight), torch.empty_like(bias)


def _save(ctx, inputs, output) -> None:
    u, weight, bias, _, ctx.eta, ctx.full, _ = inputs
    _, c, history, proposed = output
    ctx.save_for_backward(u, weight, bias, c, history, proposed)
    ctx.set_materialize_grads(False)  # no zeros for outputs that nothing was made of


def _backward(ctx, ds, dc, *_):
    u, weight, bias, c, history, proposed = ctx.saved_tensors
    ds = history.new_zeros(history.shape[1:]) if ds is None else ds.contiguous()
    dc = history.new_empty(0, 0, 0) if dc is None else dc.contiguous()
    if is_transformed(u, weight, bias, ds, dc):
        grads = _plain_gradients(len(history), ctx.eta, ctx.full, u, weight, bias, ds, dc)
    else:
        saved = (u, weight, bias, c, history, proposed)
        grads = _route_backward(*saved, ds, dc, ctx.eta, ctx.full)
    return *grads, None, None, None, None


def _save_backward(ctx, inputs, output) -> None:
    u, weight, bias, _, history, _, ds, dc, eta, full = inputs
    ctx.gradients = partial(_plain_gradients, len(history), eta, full)
    ctx.save_for_backward(u, weight, bias, ds, dc)


def _backward_twice(ctx, *grads):
    _, pull = torch.func.vjp(ctx.gradients, *ctx.saved_tensors)
    du, dweight, dbias, dds, ddc = pull(grads)
    return du, dweight, dbias, None, None, None, dds, ddc, None, None


_route.register_autograd(_backward, setup_context=_save)
_route_backward.register_autograd(_backward_twice, setup_context=_save_backward)


def _plain_gradients(n_iter, eta, full, u, weight, bias, ds, dc) -> tuple[Tensor, ...]:
    """Return what `_route_backward` does by plain PyTorch: it can be differentiated again."""

    def forward(u, weight, bias):
        votes = votes_of(u.permute(2, 0, 1), weight)
        s, c = last_input(votes, n_iter, eta, "full" if full else "last", bias)
        return s.permute(1, 2, 0), c.permute(1, 2, 0)

    (_, c), pull = torch.func.vjp(forward, u, weight, bias)
    return pull((ds, dc if dc.numel() else torch.zeros_like(c)))


def _proposed_shape(
    u: Tensor, weight: Tensor, n_iter: int, keep: bool
) -> tuple[int | torch.SymInt, ...]:
    return (n_iter - 1 if keep else 0, weight.shape[0], weight.shape[1], u.shape[2])
