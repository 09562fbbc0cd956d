"""A layer of capsules that is routed to."""

from __future__ import annotations

import math
from functools import partial
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from capsnet_study.routing.algorithms import ALGORITHMS
from capsnet_study.routing.clamp import clamp
from capsnet_study.routing.params import (
    AlgorithmName,
    Gradient,
    InForce,
    LayerParams,
    RoutingParams,
    checked,
)
from capsnet_study.routing.path import fused_route, routing_path
from capsnet_study.routing.route import route, squash, total_input, votes_of


class CapsuleLayer(nn.Module):
    """`out_caps` capsules that receive votes û_{j|i} = W_ij u_i and are routed to (eq. 1-3).

    Parameters
    ----------
    in_caps, in_dim
        Number and dimension of the lower capsules.
    out_caps, out_dim
        Number and dimension of the upper capsules.
    n_iter, eta, gradient, algorithm, temperature, couplings_of
        Routing, as in `RoutingParams`. What an arm changes over training, `set_routing` sets anew.
    bias
        Whether every upper capsule has a bias vector, added to s_j.
    init_gain, in_length
        Initial weights are normal, with the standard deviation that gives s_j the expected square
        length ``init_gain ** 2`` under uniform coupling, when lower capsules have the length
        `in_length` and independent directions. Weights too small for their layer leave the
        couplings uniform and, stacked, the capsules dead.
    device, dtype
        Of the weights, as in the layers of PyTorch.

    Raises
    ------
    ValueError
        A parameter is out of range, or `algorithm` would ignore it.
    """

    def __init__(
        self,
        in_caps: int,
        in_dim: int,
        out_caps: int,
        out_dim: int,
        n_iter: int,
        eta: float,
        gradient: Gradient = "full",
        bias: bool = False,
        init_gain: float = 1.0,
        in_length: float = 1.0,
        algorithm: AlgorithmName = "dynamic",
        temperature: float = 1.0,
        couplings_of: Literal["own", "other"] = "own",
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ):
        super().__init__()
        sizes = dict(in_caps=in_caps, in_dim=in_dim, out_caps=out_caps, out_dim=out_dim)
        checked(LayerParams, **sizes, init_gain=init_gain, in_length=in_length)
        fixed = dict(gradient=gradient, algorithm=algorithm)
        fixed |= dict(temperature=temperature, couplings_of=couplings_of)
        routing = checked(RoutingParams, n_iter=n_iter, eta=eta, **fixed)
        self.in_caps, self.in_dim, self.out_caps, self.out_dim = in_caps, in_dim, out_caps, out_dim
        self.set_routing(InForce(routing.n_iter, routing.eta))
        self.gradient, self.temperature, self.couplings_of = gradient, temperature, couplings_of
        self.init_gain, self.in_length = init_gain, in_length
        self.algorithm = ALGORITHMS[algorithm]
        empty = partial(torch.empty, device=device, dtype=dtype)
        self.weight = nn.Parameter(empty(in_caps, out_caps, out_dim, in_dim))
        self.bias = nn.Parameter(empty(out_caps, out_dim)) if bias else None
        for name in self.algorithm.learnt:
            self.register_parameter(name, nn.Parameter(empty(self.algorithm.shape(name, self))))
        for name in self.algorithm.drawn:
            self.register_buffer(name, empty(self.algorithm.shape(name, self)))
        self.reset_parameters()

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw the initial weights; biases, and what an algorithm learns, start at 0."""
        inputs = math.sqrt(self.in_caps * self.out_dim) * self.in_length
        gain = self.init_gain * self.algorithm.gain(self.out_caps)
        std = gain * self.out_caps / inputs
        nn.init.normal_(self.weight, std=std, generator=generator)
        if self.bias is not None:
            nn.init.zeros_(self.bias)
        for name in self.algorithm.learnt:
            nn.init.zeros_(getattr(self, name))
        for name in self.algorithm.drawn:
            nn.init.normal_(getattr(self, name), generator=self._own(generator))

    def _own(self, generator: torch.Generator | None) -> torch.Generator | None:
        """Return a generator whose draws leave the weights of other layers as in other arms."""
        if generator is None:
            return None
        seed = generator.initial_seed() + self.in_caps
        return torch.Generator(generator.device).manual_seed(seed)

    def votes(
        self, u: Float[Tensor, "batch in_caps in_dim"]
    ) -> Float[Tensor, "batch in_caps out_caps out_dim"]:
        """Return û_{j|i} = W_ij u_i."""
        return votes_of(u, self.weight)

    def set_routing(self, in_force: InForce) -> None:
        """Set what routing in this layer is from now on."""
        self.n_iter, self.eta, self.certainty = in_force

    def forward(
        self, u: Float[Tensor, "batch in_caps in_dim"]
    ) -> tuple[Float[Tensor, "batch out_caps out_dim"], Float[Tensor, "batch in_caps entries"]]:
        """Return the upper capsules v and the couplings c, one for each (leaky: and a leak)."""
        v, c = self._route(u)
        changed = c if self.certainty is None else clamp(c, self.certainty)
        if self.couplings_of == "other":
            changed = changed.roll(1, dims=0)
        return (v, c) if changed is c else (self.with_couplings(u, changed), changed)

    def _route(
        self, u: Float[Tensor, "batch in_caps in_dim"]
    ) -> tuple[Float[Tensor, "batch out_caps out_dim"], Float[Tensor, "batch in_caps entries"]]:
        if self.algorithm.route and self.n_iter > 1:
            tensors = {name: getattr(self, name) for name in self.algorithm.tensors}
            return self.algorithm.route(self.votes(u), u, self.n_iter, self.bias, **tensors)
        how = (self.n_iter, self.eta, self.gradient, self.bias)
        if self.temperature == 1 and routing_path(u.device, u.dtype) == "fused":
            return fused_route(u, self.weight, *how)
        return route(self.votes(u), *how, self.temperature)

    def with_couplings(
        self,
        u: Float[Tensor, "batch in_caps in_dim"],
        c: Float[Tensor, "*batch in_caps out_caps"],
    ) -> Float[Tensor, "batch out_caps out_dim"]:
        """Return the upper capsules for given couplings, one set for each image or one for all."""
        return squash(total_input(c, self.votes(u), self.bias))

    def extra_repr(self) -> str:
        """Describe the layer as ``in -> out, routing``."""
        return (
            f"{self.in_caps}x{self.in_dim} -> {self.out_caps}x{self.out_dim}, "
            f"n_iter={self.n_iter}, eta={self.eta}, gradient={self.gradient}"
        )
