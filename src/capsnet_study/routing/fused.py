"""The fused routing as an operator of PyTorch: autograd, meta form, `torch.compile`."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache
from importlib import import_module

import torch
from jaxtyping import Float
from threadpoolctl import ThreadpoolController
from torch import Tensor

from capsnet_study.routing import kernels
from capsnet_study.routing.route import check_routing, squash


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
    size may round the last digits otherwise). Gradients themselves cannot be differentiated again.

    Raises
    ------
    ValueError
        `u` does not fit `weight`; `n_iter`, `eta` or `gradient` is out of range.
    """
    check_routing(n_iter, eta, gradient)
    in_caps, out_caps, out_dim, in_dim = weight.shape
    if u.shape[1:] != (in_caps, in_dim):  # compiled code would read beyond the end
        raise ValueError(f"u is {list(u.shape)}: [batch, {in_caps}, {in_dim}] is needed")
    full = gradient == "full" and torch.is_grad_enabled()
    if bias is None:
        bias = weight.new_zeros(out_caps, out_dim)
    bias = bias.expand(out_caps, out_dim).contiguous()
    lower = u.permute(1, 2, 0).contiguous()  # [in_caps, in_dim, batch]
    s, c, _, _ = _route(lower, weight.contiguous(), bias, n_iter, eta, full)
    if gradient == "last":
        c = c.detach()
    return squash(s.permute(2, 0, 1)), c.permute(2, 0, 1)  # [batch, ...]


# Schemas are spelled out, since type checkers that rewrite annotations hide them from PyTorch.
@torch.library.custom_op(
    "capsnet_study::route",
    mutates_args=(),
    device_types="cpu",
    schema="(Tensor u, Tensor weight, Tensor bias, int n_iter, float eta, bool full)"
    " -> (Tensor, Tensor, Tensor, Tensor)",
)
def _route(
    u: Tensor, weight: Tensor, bias: Tensor, n_iter: int, eta: float, full: bool
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return s and c of the last iteration; s and ĉ of all, for the backward pass."""
    shape = _proposed_shape(u, weight, n_iter, full)
    proposed = u.new_empty(shape)
    arrays = (part.numpy() for part in (u, weight, bias))
    with _one_thread():
        s, c = kernels.forward(*arrays, n_iter, eta, proposed.numpy())
    history = torch.from_numpy(s)
    return history[-1].clone(), torch.from_numpy(c), history, proposed


@_route.register_fake
def _(u: Tensor, weight: Tensor, bias: Tensor, n_iter: int, eta: float, full: bool):
    in_caps, out_caps, out_dim, _ = weight.shape
    batch = u.shape[2]
    return (
        u.new_empty(out_caps, out_dim, batch),
        u.new_empty(in_caps, out_caps, batch),
        u.new_empty(n_iter, out_caps, out_dim, batch),
        u.new_empty(_proposed_shape(u, weight, n_iter, full)),
    )


@torch.library.custom_op(
    "capsnet_study::route_backward",
    mutates_args=(),
    device_types="cpu",
    schema="(Tensor u, Tensor weight, Tensor c, Tensor history, Tensor proposed, Tensor ds,"
    " Tensor dc, float eta, bool full) -> (Tensor, Tensor, Tensor)",
)
def _route_backward(
    u: Tensor,
    weight: Tensor,
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
        arrays = (part.numpy() for part in (u, weight, history, proposed, ds, dc))
        with _one_thread():
            du, dweight, all_ds = map(torch.from_numpy, kernels.backward_full(*arrays, eta))
        return du, dweight, all_ds.sum(dim=(0, 3))
    arrays = (part.numpy() for part in (u, weight, c, ds))
    with _one_thread():
        du, dweight = map(torch.from_numpy, kernels.backward_last(*arrays))
    return du, dweight, ds.sum(dim=2)


@_route_backward.register_fake
def _(u, weight, c, history, proposed, ds, dc, eta, full):
    return torch.empty_like(u), torch.empty_like(weight), weight.new_empty(weight.shape[1:3])


def _save(ctx, inputs, output) -> None:
    u, weight, _, _, ctx.eta, ctx.full = inputs
    _, c, history, proposed = output
    ctx.save_for_backward(u, weight, c, history, proposed)
    ctx.set_materialize_grads(False)  # no zeros for outputs that nothing was made of


def _backward(ctx, ds, dc, *_):
    u, weight, c, history, proposed = ctx.saved_tensors
    ds = history.new_zeros(history.shape[1:]) if ds is None else ds.contiguous()
    dc = history.new_empty(0, 0, 0) if dc is None else dc.contiguous()
    grads = _route_backward(u, weight, c, history, proposed, ds, dc, ctx.eta, ctx.full)
    return *grads, None, None, None


_route.register_autograd(_backward, setup_context=_save)


def _proposed_shape(
    u: Tensor, weight: Tensor, n_iter: int, full: bool
) -> tuple[int | torch.SymInt, ...]:
    return (n_iter - 1 if full else 0, weight.shape[0], weight.shape[1], u.shape[2])


def _one_thread() -> AbstractContextManager:
    """Keep BLAS to one thread: products that threads share are rounded in another order."""
    return _thread_pools().limit(limits=1, user_api="blas")


@cache
def _thread_pools() -> ThreadpoolController:
    import_module("scipy.linalg.cython_blas")  # Numba multiplies with it; once loaded it is found
    return ThreadpoolController()
