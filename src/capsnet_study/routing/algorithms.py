"""All routings by name: the function that computes each, and the tensors that it needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from capsnet_study.routing import others
from capsnet_study.routing.em import em

Dim = Literal["in_caps", "in_dim", "out_caps", "out_dim"]
Dims = Mapping[str, tuple[Dim, ...]]


@dataclass(frozen=True)
class Algorithm:
    """A routing, called as ``route(votes, u, n_iter, bias, **tensors) -> (v, c)``.

    Attributes
    ----------
    route
        Pure function; `others` tells the convention. None: the paper's, which has more options and
        stands in `routing.route`.
    learnt
        Tensors learnt with the weights, 0 at first, and their shapes in sizes of the layer.
    drawn
        Constant tensors, standard normal, and their shapes.
    mean_weight
        What the weights of votes are on average, about, where they are no distribution over the
        upper capsules.
    """

    route: Callable | None
    learnt: Dims = field(default_factory=dict)
    drawn: Dims = field(default_factory=dict)
    mean_weight: float | None = None

    @property
    def tensors(self) -> tuple[str, ...]:
        """Names of all tensors that `route` takes."""
        return (*self.learnt, *self.drawn)

    def shape(self, tensor: str, sizes: object) -> tuple[int, ...]:
        """Return the shape of a tensor for a layer, or whatever else has its four sizes."""
        return tuple(getattr(sizes, dim) for dim in {**self.learnt, **self.drawn}[tensor])

    def gain(self, out_caps: int) -> float:
        """Return the factor on initial weights that keeps s_j as long as under uniform coupling."""
        return 1.0 if self.mean_weight is None else 1 / (out_caps * self.mean_weight)


ALGORITHMS: dict[str, Algorithm] = {
    "dynamic": Algorithm(None),
    "attention": Algorithm(others.attention),
    "kmeans": Algorithm(others.kmeans),
    "self_attention": Algorithm(others.self_attention, learnt={"beta": ("in_caps", "out_caps")}),
    "self_routing": Algorithm(
        others.self_routing,
        learnt={
            "route_weight": ("in_caps", "out_caps", "in_dim"),
            "route_bias": ("in_caps", "out_caps"),
        },
    ),
    "max_min": Algorithm(others.max_min, mean_weight=0.5),
    "leaky": Algorithm(others.leaky),
    "em": Algorithm(em, learnt={"beta_u": ("out_caps",), "beta_a": ("out_caps",)}),
    "over_lower": Algorithm(others.over_lower),
    "fixed_random": Algorithm(others.fixed_random, drawn={"route_logits": ("in_caps", "out_caps")}),
}
