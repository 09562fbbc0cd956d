"""What an arm of the sweep is: its parameters, its groups, its place in tables."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, Field
from pydantic.dataclasses import dataclass

from capsnet_study.common.params import STRICT, Count, NotNegative, Positive
from capsnet_study.routing.params import RoutingParams

if TYPE_CHECKING:
    import pandas as pd

SOFT_N_ITER = 6  # the paper varies eta at this number of iterations (figures 2b and 3)


@dataclass(frozen=True, config=STRICT)
class CapsNetArm(RoutingParams):
    """An arm that trains a CapsNet.

    Attributes
    ----------
    init_gain
        A scale of its own for initial weights. In the sweep such an arm tells how sensitive results
        are, and takes no part in claims and figures.
    lr, weight_decay
        A learning rate and a weight decay of its own.
    trials
        A number of trials of its own. It is no property of a training, and no fact in tables.
    """

    model: Literal["capsnet"] = Field(kw_only=True)
    init_gain: Positive | None = Field(default=None, kw_only=True)
    lr: Positive | None = Field(default=None, kw_only=True)
    weight_decay: NotNegative | None = Field(default=None, kw_only=True)
    trials: Count | None = Field(default=None, kw_only=True)

    @property
    def routing(self) -> RoutingParams:
        """The routing of this arm's network."""
        return RoutingParams(
            **{field.name: vars(self)[field.name] for field in fields(RoutingParams)}
        )

    @property
    def follows_fitness(self) -> bool:
        """Whether eta goes from `eta` to `eta_max` with the training accuracy."""
        return self.eta_max is not None


@dataclass(frozen=True, config=STRICT)
class YokedArm(CapsNetArm):
    """An arm whose R1 is as certain, trial by trial, as that of an arm of the sweep has been.

    Attributes
    ----------
    certainty_of
        The arm whose measured path of H / log J is followed.
    """

    certainty_of: str = Field(kw_only=True)

    def following(self, path: Sequence[tuple[float, float]]) -> CapsNetArm:
        """Return the arm that a trial trains: pairs of a share of the steps and H / log J there."""
        own = {field.name: vars(self)[field.name] for field in fields(CapsNetArm)}
        return CapsNetArm(**own | {"certainty_path": [tuple(pair) for pair in path]})


@dataclass(frozen=True, config=STRICT)
class CNNArm:
    """An arm that trains a CNN: 10 logits, or 160 outputs read out as 10 lengths.

    Attributes
    ----------
    lr, weight_decay, trials
        A learning rate, a weight decay and a number of trials of its own.
    """

    model: Literal["cnn", "cnn160"]
    lr: Positive | None = None
    weight_decay: NotNegative | None = None
    trials: Count | None = None


Arm = CapsNetArm | CNNArm


def main_arm(routing: RoutingParams) -> CapsNetArm:
    """Return the arm that trains the main CapsNet, that of the block ``routing``."""
    own = {field.name: getattr(routing, field.name) for field in fields(RoutingParams)}
    return CapsNetArm(**own, model="capsnet")


Arms = dict[str, Arm]  # by key: how params.yaml, stages and tables name them
FIRST_FACTS = ("arm", "model", "n_iter", "eta", "eta_max", "gradient", "init_gain")
ARM_FACTS = list(dict.fromkeys([*FIRST_FACTS, *(field.name for field in fields(YokedArm))]))
ARM_FACTS.remove("trials")


def _checked(arms: Arms) -> Arms:
    for key in arms:
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", key):
            raise ValueError(f"arm name {key!r}: a letter, then letters, digits and _ are allowed")
        if getattr(arms[key], "certainty_path", None) is not None:
            raise ValueError(f"{key}: certainty_path: arms of yoked follow one, by certainty_of")
    return arms


Block = Literal["sweep", "ablations", "yoked"]
"""Blocks of params.yaml that hold arms: the paper's, ablations of routing, yoked ones."""

Sweep = Annotated[
    dict[str, Annotated[Arm, Field(discriminator="model")]],
    Field(min_length=1),
    AfterValidator(_checked),
]
"""The blocks ``sweep`` and ``ablations``."""

Yoked = Annotated[dict[str, YokedArm], Field(min_length=1), AfterValidator(_checked)]
"""The block ``yoked``."""

BLOCKS: dict[Block, Any] = {"sweep": Sweep, "ablations": Sweep, "yoked": Yoked}


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


def can_be_changed(arm: Arm) -> bool:
    """Tell whether the trained networks of an arm are ones for interventions."""
    return isinstance(arm, CapsNetArm) and arm.algorithm == "dynamic" and not arm.follows_fitness


def routed_full_arms(arms: Mapping[str, Arm]) -> dict[str, CapsNetArm]:
    """Return those of the routed arms with the gradient through all iterations."""
    return {key: arm for key, arm in routed_arms(arms).items() if arm.gradient == "full"}


def n_iter_arms(arms: Mapping[str, Arm]) -> dict[str, CapsNetArm]:
    """Return routing by agreement with any number of iterations but six (figure 2a)."""
    return {
        key: arm
        for key, arm in capsule_arms(arms).items()
        if arm.n_iter != SOFT_N_ITER
        and replace(arm, trials=None) == CapsNetArm(arm.n_iter, 1.0, model="capsnet")
    }


def eta_arms(arms: Mapping[str, Arm]) -> dict[str, CapsNetArm]:
    """Return six iterations at any eta (figure 2b)."""
    usual = CapsNetArm(SOFT_N_ITER, 1.0, model="capsnet")
    return {
        key: arm
        for key, arm in capsule_arms(arms).items()
        if replace(arm, eta=1.0, eta_max=None, trials=None) == usual
    }


def facts_of(key: str, arm: Arm) -> dict[str, Any]:
    """Return what tables of results say of an arm; None where it does not apply."""
    return {name: getattr(arm, name, None) for name in ARM_FACTS} | {"arm": key}


def facts_in(table: pd.DataFrame) -> pd.DataFrame:
    """Return what a table tells of its arms, one row an arm."""
    return table[[name for name in ARM_FACTS if name in table]].drop_duplicates("arm")


def arms_in(table: pd.DataFrame) -> Arms:
    """Return the arms of a table with columns of `facts_of`, in its order.

    Facts that the table does not tell are those of a usual arm.
    """
    rows = facts_in(table).itertuples(index=False)
    return {row.arm: _arm_of(row._asdict()) for row in rows}


def _arm_of(facts: Mapping[str, Any]) -> Arm:
    known = {name: value for name, value in facts.items() if name != "arm" and value == value}
    known = {name: value for name, value in known.items() if value is not None}
    if known["model"] != "capsnet":
        return CNNArm(**known)
    for name in ("n_iter", "n_iter_outside"):  # a column with empty cells holds floats
        if name in known:
            known[name] = int(known[name])
    return (YokedArm if "certainty_of" in known else CapsNetArm)(**known)


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
