"""What an arm of the sweep is: its parameters, its groups, its place in tables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, Field
from pydantic.dataclasses import dataclass

from capsnet_study.common.params import STRICT, Positive
from capsnet_study.routing.params import RoutingParams

if TYPE_CHECKING:
    import pandas as pd

SOFT_N_ITER = 6  # the paper varies eta at this number of iterations (figures 2b and 3)
ARM_FACTS = ["arm", "model", "n_iter", "eta", "eta_max", "gradient", "init_gain"]


@dataclass(frozen=True, config=STRICT)
class CapsNetArm(RoutingParams):
    """An arm that trains a CapsNet.

    With `init_gain` its weights start at another scale than those of all other arms: such an arm
    tells how sensitive results are, and takes no part in claims and figures.
    """

    model: Literal["capsnet"] = Field(kw_only=True)
    init_gain: Positive | None = Field(default=None, kw_only=True)

    @property
    def routing(self) -> RoutingParams:
        """The routing of this arm's network."""
        return RoutingParams(
            **{field.name: vars(self)[field.name] for field in fields(RoutingParams)}
        )

    @property
    def follows_fitness(self) -> bool:
        """Whether eta rises from `eta` to `eta_max` with the training accuracy."""
        return self.eta_max is not None


@dataclass(frozen=True, config=STRICT)
class CNNArm:
    """An arm that trains a CNN: 10 logits, or 160 outputs read out as 10 lengths."""

    model: Literal["cnn", "cnn160"]


Arm = CapsNetArm | CNNArm
Arms = dict[str, Arm]  # by key: how params.yaml, stages and tables name them


def _with_plain_keys(arms: Arms) -> Arms:
    for key in arms:
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", key):
            raise ValueError(
                f"arm name {key!r}: letters, digits and _ only (to DVC a dot is a path)"
            )
    return arms


Sweep = Annotated[
    dict[str, Annotated[Arm, Field(discriminator="model")]],
    Field(min_length=1),
    AfterValidator(_with_plain_keys),
]
"""The block ``sweep`` of params.yaml."""


def capsule_arms(arms: Mapping[str, Arm]) -> dict[str, CapsNetArm]:
    """Return the CapsNets without an initial gain of their own."""
    return {
        key: arm
        for key, arm in arms.items()
        if isinstance(arm, CapsNetArm) and arm.init_gain is None
    }


def uniform_arms(arms: Mapping[str, Arm]) -> dict[str, CapsNetArm]:
    """Return those of the capsule arms whose couplings never leave 1/J."""
    return {key: arm for key, arm in capsule_arms(arms).items() if arm.is_uniform}


def routed_arms(arms: Mapping[str, Arm]) -> dict[str, CapsNetArm]:
    """Return those of the capsule arms that route."""
    return {key: arm for key, arm in capsule_arms(arms).items() if not arm.is_uniform}


def routed_full_arms(arms: Mapping[str, Arm]) -> dict[str, CapsNetArm]:
    """Return those of the routed arms with the gradient through all iterations."""
    return {key: arm for key, arm in routed_arms(arms).items() if arm.gradient == "full"}


def n_iter_arms(arms: Mapping[str, Arm]) -> dict[str, CapsNetArm]:
    """Return routing by agreement with any number of iterations but six (figure 2a)."""
    return {
        key: arm
        for key, arm in capsule_arms(arms).items()
        if arm.eta == 1
        and not arm.follows_fitness
        and arm.gradient == "full"
        and arm.n_iter != SOFT_N_ITER
    }


def eta_arms(arms: Mapping[str, Arm]) -> dict[str, CapsNetArm]:
    """Return six iterations at any eta (figure 2b)."""
    return {
        key: arm
        for key, arm in capsule_arms(arms).items()
        if arm.gradient == "full" and arm.n_iter == SOFT_N_ITER
    }


def facts_of(key: str, arm: Arm) -> dict[str, Any]:
    """Return what tables of results say of an arm; None where it does not apply."""
    return {name: getattr(arm, name, None) for name in ARM_FACTS} | {"arm": key}


def arms_in(table: pd.DataFrame) -> Arms:
    """Return the arms of a table with the columns of `facts_of`, in its order."""
    rows = table[ARM_FACTS].drop_duplicates("arm").itertuples(index=False)
    return {row.arm: _arm_of(row._asdict()) for row in rows}


def _arm_of(facts: Mapping[str, Any]) -> Arm:
    known = {name: value for name, value in facts.items() if name != "arm" and value == value}
    known = {name: value for name, value in known.items() if value is not None}
    if "n_iter" in known:
        known["n_iter"] = int(known["n_iter"])  # a column with empty cells holds floats
    kind = CapsNetArm if known["model"] == "capsnet" else CNNArm
    return kind(**known)


def in_order(arms: Mapping[str, Arm]) -> Arms:
    """Return the arms by model, number of iterations and eta: the order of legends."""
    return dict(sorted(arms.items(), key=_order))


def _order(item: tuple[str, Arm]) -> tuple:
    key, arm = item
    if isinstance(arm, CNNArm):
        return (True, arm.model, 0, False, 0.0, False, key)
    last = arm.gradient == "last"
    return (False, arm.model, arm.n_iter, arm.follows_fitness, arm.eta, last, key)


def without_own_gain(arms: Mapping[str, Arm]) -> Arms:
    """Return all arms but the CapsNets with an initial gain of their own."""
    usual = capsule_arms(arms)
    return {key: arm for key, arm in arms.items() if key in usual or isinstance(arm, CNNArm)}
