"""All routings but the paper's, by name: what computes each, what it needs, where it is from."""

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
    source
        Where it was published, and the code that was read.
    adapted
        What is other here than there.
    learnt
        Tensors learnt with the weights, 0 at first, and their shapes in sizes of the layer.
    drawn
        Constant tensors, standard normal, and their shapes.
    mean_weight
        What the weights of votes are on average, about, where they are no distribution over the
        upper capsules.
    """

    route: Callable | None
    source: str
    adapted: str
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
    "dynamic": Algorithm(None, source="the paper, eq. 1-3", adapted="nothing"),
    "attention": Algorithm(
        others.attention,
        source="Tsai et al. 2020 (apple/ml-capsules-inverted-attention-routing)",
        adapted="LayerNorm has no gain and offset and stays in the comparison; v = squash(S)",
    ),
    "kmeans": Algorithm(
        others.kmeans,
        source="leftthomas/CapsuleLayer, k_means_routing with dot products",
        adapted="starts from uniform couplings; the squash of eq. 1",
    ),
    "self_attention": Algorithm(
        others.self_attention,
        source="Mazzia et al. 2021 (EscVM/Efficient-CapsNet)",
        adapted="capsules have a bias; entropy is taken before β is added",
        learnt={"beta": ("in_caps", "out_caps")},
    ),
    "self_routing": Algorithm(
        others.self_routing,
        source="Hahn et al. 2019 (coder3000/SR-CapsNet)",
        adapted="‖u_i‖ is the activation of i; v = squash(sum): theirs share out 1 among all j",
        learnt={
            "route_weight": ("in_caps", "out_caps", "in_dim"),
            "route_bias": ("in_caps", "out_caps"),
        },
    ),
    "max_min": Algorithm(
        others.max_min,
        source="Zhao et al. 2019, arXiv 1903.09662 (no code found)",
        adapted="initial weights times 2/J; equal logits give 1; entropy is of c / sum_j c",
        mean_weight=0.5,
    ),
    "leaky": Algorithm(
        others.leaky,
        source="Sabour et al. 2017 (Sarasra/models, research/capsules)",
        adapted="nothing; entropy is of J + 1 entries, with the leak",
    ),
    "em": Algorithm(
        em,
        source="Hinton et al. 2018 (coder3000/SR-CapsNet)",
        adapted="masses times 100 J/I (Gritzman 2019); ‖u_i‖ is the activation of i; 1e-4 is added "
        "to variances, a bias to the mean; in R1 only: it collapses where lower capsules are few",
        learnt={"beta_u": ("out_caps",), "beta_a": ("out_caps",)},
    ),
    "over_lower": Algorithm(
        others.over_lower,
        source="a mistake of public code (gram-ai/capsule-networks among others)",
        adapted="times I/J, so that it starts from 1/J; entropy is of c / sum_j c",
    ),
    "fixed_random": Algorithm(
        others.fixed_random,
        source="a control, after Paik et al. 2019",
        adapted="softmax over j of standard normal logits, drawn once a trial",
        drawn={"route_logits": ("in_caps", "out_caps")},
    ),
}
