"""Parameters of routing: the block ``routing``, and what every arm that routes has."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from pydantic import Field, ValidationError, model_validator
from pydantic.dataclasses import dataclass

from capsnet_study.common.params import STRICT, Count, Positive, Share

Gradient = Literal["full", "last"]
AlgorithmName = Literal[
    "dynamic",
    "attention",
    "kmeans",
    "self_attention",
    "self_routing",
    "max_min",
    "leaky",
    "em",
    "over_lower",
    "fixed_random",
]
Certainty = Annotated[float, Field(gt=0.0, lt=1.0)]
Path = Annotated[list[tuple[Share, Share]], Field(min_length=1)]  # (share of the steps, target)

ONE_UPDATE = ("self_attention", "self_routing", "fixed_random")
FIXED = ("algorithm", "gradient", "temperature", "couplings_of")  # over training, in all layers


@dataclass(frozen=True, config=STRICT)
class LayerParams:
    """Sizes and initial weights of a `CapsuleLayer`, which tells what they are."""

    in_caps: Count
    in_dim: Count
    out_caps: Count
    out_dim: Count
    init_gain: Positive
    in_length: Positive


class InForce(NamedTuple):
    """How one layer routes at one moment of training.

    Attributes
    ----------
    certainty
        What H / log J is brought to by one temperature a batch; None leaves it alone.
    """

    n_iter: int
    eta: float
    certainty: float | None = None


@dataclass(frozen=True, config=STRICT)
class RoutingParams:
    """How couplings are computed (paper eq. 1-3), and what is done to them.

    Attributes
    ----------
    n_iter, eta, gradient
        As in `route`.
    eta_max
        With it eta follows the fitness of the model: it is `eta` where the training accuracy is 0
        and `eta_max` where it is 1.
    algorithm
        ``dynamic`` is the paper's; the others are those of `routing.algorithms`, by their own name.
    temperature
        Of the softmax of eq. 2.
    routed
        The only layer that routes; the others have uniform coupling.
    routed_from, routed_until, n_iter_outside
        Shares of the steps between which there are `n_iter` iterations; before and after them
        there are `n_iter_outside`.
    couplings_of
        ``other``: each image is routed by the couplings of the next one of its batch.
    certainty
        H / log J of R1 that one temperature on the logits of each batch brings about.
    certainty_path
        The same over training: pairs of a share of the steps and the target there, joined by
        straight lines.
    """

    n_iter: Count
    eta: Share
    gradient: Gradient = "full"
    eta_max: Share | None = None
    algorithm: AlgorithmName = "dynamic"
    temperature: Positive = 1.0
    routed: Literal["all", "r1", "r2"] = "all"
    routed_from: Share = 0.0
    routed_until: Share = 1.0
    n_iter_outside: Count = 1
    couplings_of: Literal["own", "other"] = "own"
    certainty: Certainty | None = None
    certainty_path: Path | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> RoutingParams:
        if self.routed_from >= self.routed_until:
            raise ValueError(
                f"routed_from = {self.routed_from:g}: must be below routed_until = "
                f"{self.routed_until:g}"
            )
        if self.is_clamped and (self.n_iter == 1 or self.eta != 1):
            raise ValueError("certainty: needs n_iter of at least 2 and eta = 1, for its logits")
        if self.algorithm != "dynamic":
            self._check_other_algorithm()
        return self

    def _check_other_algorithm(self) -> None:
        """Refuse what only the paper's routing can do."""
        usual = RoutingParams(self.n_iter, 1.0)
        fixed = ("eta", "eta_max", "gradient", "temperature", "couplings_of")
        fixed += ("certainty", "certainty_path")
        for name in fixed:
            if getattr(self, name) != getattr(usual, name):
                raise ValueError(
                    f"{name} = {getattr(self, name)!r}: with algorithm = {self.algorithm!r} only "
                    f"{getattr(usual, name)!r} is possible"
                )
        if self.algorithm in ONE_UPDATE and self.n_iter != 2:
            raise ValueError(
                f"n_iter = {self.n_iter}: with algorithm = {self.algorithm!r}, which computes its "
                "couplings once, only 2 is possible"
            )

    def in_force(self, layer: int, share: float, fitness: float) -> InForce:
        """Return how layer R1, R2, ... (0, 1, ...) routes at a share of the training steps.

        Parameters
        ----------
        fitness
            Training accuracy, 0 to 1.
        """
        if self.routed not in ("all", f"r{layer + 1}"):
            return InForce(1, self.eta)
        within = self.routed_from <= share and (share < self.routed_until or self.routed_until == 1)
        n_iter = self.n_iter if within else self.n_iter_outside
        clamped = layer == 0 and n_iter > 1 and self.is_clamped
        return InForce(n_iter, self.eta_at(fitness), self.target_at(share) if clamped else None)

    def eta_at(self, fitness: float) -> float:
        """Return the update rate in force at a training accuracy of `fitness`."""
        if self.eta_max is None:
            return self.eta
        return self.eta + (self.eta_max - self.eta) * fitness

    def target_at(self, share: float) -> float:
        """Return what H / log J of R1 is brought to at a share of the training steps."""
        if self.certainty_path is None:
            return self.certainty
        shares, targets = zip(*self.certainty_path, strict=True)
        return float(np.interp(share, shares, targets))

    @property
    def is_clamped(self) -> bool:
        """Whether the certainty of R1 is brought to a target."""
        return self.certainty is not None or self.certainty_path is not None

    @property
    def of_a_layer(self) -> dict[str, Any]:
        """What a `CapsuleLayer` is built with: all that is the same over training."""
        return {"n_iter": self.n_iter, "eta": self.eta} | {
            name: getattr(self, name) for name in FIXED
        }

    @property
    def is_uniform(self) -> bool:
        """Whether the couplings never leave 1/J."""
        return self.n_iter == 1 or max(self.eta, self.eta_max or 0.0) == 0


def checked(kind: type, **values: Any) -> Any:
    """Return a dataclass of parameters; numbers of NumPy count as Python's.

    Raises
    ------
    ValueError
        One line names the first wrong parameter, its value and what is allowed.
    """
    try:
        return kind(**{k: v.item() if hasattr(v, "item") else v for k, v in values.items()})
    except ValidationError as error:
        first = error.errors()[0]
        found = "".join(f"{name} = {first['input']!r}: " for name in first["loc"])
        raise ValueError(found + first["msg"].removeprefix("Value error, ")) from None
