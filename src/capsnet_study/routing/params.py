"""Parameters of routing: the block ``routing``, and what every arm of the sweep has."""

from __future__ import annotations

from typing import Any, Literal

from pydantic.dataclasses import dataclass

from capsnet_study.common.params import STRICT, Count, Share

Gradient = Literal["full", "last"]
LAYER_OPTIONS = ("n_iter", "eta", "gradient")


@dataclass(frozen=True, config=STRICT)
class RoutingParams:
    """How couplings are computed (paper eq. 1-3).

    With `eta_max`, eta follows the fitness of the model: it is `eta` where the training accuracy
    is 0 and `eta_max` where it is 1.
    """

    n_iter: Count
    eta: Share
    gradient: Gradient = "full"
    eta_max: Share | None = None

    def eta_at(self, fitness: float) -> float:
        """Return the update rate in force at a training accuracy of `fitness`."""
        if self.eta_max is None:
            return self.eta
        return self.eta + (self.eta_max - self.eta) * fitness

    @property
    def of_a_layer(self) -> dict[str, Any]:
        """What a `CapsuleLayer` is told: all but how eta follows fitness."""
        return {name: value for name, value in vars(self).items() if name in LAYER_OPTIONS}

    @property
    def is_uniform(self) -> bool:
        """Whether the couplings never leave 1/J."""
        return self.n_iter == 1 or max(self.eta, self.eta_max or 0.0) == 0
