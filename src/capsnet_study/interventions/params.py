"""Parameters of interventions in trained networks: the block ``interventions``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from capsnet_study.common.params import STRICT, Count, EachOnce, Positive


@dataclass(frozen=True, config=STRICT)
class InterventionParams:
    """Whose couplings are changed, and by how much.

    Attributes
    ----------
    arms
        Arms of the sweep, by key.
    n_test
        Numbers of routing iterations at test time.
    temperatures
        Of the softmax that gives couplings; above 1 they are less certain.
    """

    arms: Annotated[list[str], Field(min_length=1), EachOnce]
    n_test: Annotated[list[Count], EachOnce]
    temperatures: Annotated[list[Positive], EachOnce]
