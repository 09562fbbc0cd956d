"""The whole of ``params.yaml``, checked at once: each stage does so before it works.

A stage computes with the blocks that it loads by itself (`capsnet_study.common.params`), and
depends on their dataclasses alone. What is here only refuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError, model_validator
from pydantic.dataclasses import dataclass

from capsnet_study.common.params import PATH, STRICT, ParameterError, check, read_document
from capsnet_study.data.params import DataParams
from capsnet_study.figures.params import FigureParams
from capsnet_study.interventions.params import InterventionParams
from capsnet_study.models.params import CapsuleParams, ModelParams
from capsnet_study.representation.params import ManifoldParams
from capsnet_study.routing.params import RoutingParams
from capsnet_study.settings.builtin import BUILTIN_SETTINGS, SEEDS
from capsnet_study.settings.params import Blocks, ResolvedSetting, Settings, resolve
from capsnet_study.training.arms import (
    Arms,
    Sweep,
    Yoked,
    can_be_changed,
    routed_arms,
    uniform_arms,
)
from capsnet_study.training.params import TrainParams
from capsnet_study.transfer.new_splits import NewSplits
from capsnet_study.transfer.params import TransferParams


@dataclass(frozen=True, config=STRICT)
class Params:
    """The whole of ``params.yaml``."""

    data: DataParams
    model: ModelParams
    capsules: CapsuleParams
    routing: RoutingParams
    train: TrainParams
    sweep: Sweep
    ablations: Sweep
    yoked: Yoked
    interventions: InterventionParams
    settings: Settings
    manifold: ManifoldParams
    transfer: TransferParams
    new_splits: NewSplits
    figures: FigureParams

    @model_validator(mode="after")
    def _main_model_routes_alike_throughout(self) -> Params:
        usual = RoutingParams(1, 1.0)
        for name in (
            "eta_max",
            "routed_from",
            "routed_until",
            "certainty",
            "certainty_path",
            "couplings_of",
        ):
            if getattr(self.routing, name) != getattr(usual, name):
                raise ValueError(
                    f"routing.{name}: only arms of sweep and ablations may change it; main models "
                    "are trained and read out with one routing"
                )
        return self

    @model_validator(mode="after")
    def _arms_have_one_name_each(self) -> Params:
        names = [*self.sweep, *self.ablations, *self.yoked]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"arms in more than one of sweep, ablations, yoked: {twice}")
        return self

    @model_validator(mode="after")
    def _sweep_trains_networks_of_other_parts(self) -> Params:
        if "n1" not in uniform_arms(self.sweep):
            raise ValueError(
                "sweep.n1: a CapsNet with uniform couplings (n_iter: 1) is needed: the parts on "
                "representation and transfer compare with it"
            )
        for name in ("cnn", "cnn_decay"):
            if name not in self.sweep or self.sweep[name].model != "cnn":
                raise ValueError(
                    f"sweep.{name}: a CNN (model: cnn) is needed: the parts on representation and "
                    "transfer compare with it"
                )
        return self

    @model_validator(mode="after")
    def _yoked_arms_follow_routed_ones(self) -> Params:
        for name, arm in self.yoked.items():
            routed = routed_arms(self.sweep)
            if arm.certainty_of not in routed:
                raise ValueError(
                    f"yoked.{name}.certainty_of = {arm.certainty_of!r}: an arm of sweep that "
                    f"routes is needed; there are {', '.join(routed)}"
                )
            for key, allowed in (("certainty", (None,)), ("routed", ("all", "r1"))):
                if (value := getattr(arm, key)) not in allowed:
                    raise ValueError(
                        f"yoked.{name}.{key} = {value!r}: an arm that follows the certainty of "
                        f"another in R1 has {' or '.join(map(repr, allowed))}"
                    )
            try:
                arm.following([(0.0, 1.0)])
            except ValidationError as error:
                raise ValueError(f"yoked.{name}: {error.errors()[0]['msg']}") from None
            followed = routed[arm.certainty_of].trials or self.train.trials
            if (arm.trials or self.train.trials) > followed:
                raise ValueError(
                    f"yoked.{name}.trials: at most {followed}, as many as {arm.certainty_of} has: "
                    "each trial follows one of its"
                )
        return self

    @model_validator(mode="after")
    def _interventions_are_in_capsnets_of_the_sweep(self) -> Params:
        able = [name for name, arm in self.sweep.items() if can_be_changed(arm)]
        if 1 not in self.interventions.n_test:
            raise ValueError(
                f"interventions.n_test = {self.interventions.n_test}: 1 is needed, too: claims ask "
                "what it costs to test without routing"
            )
        for name in self.interventions.arms:
            if name not in able:
                raise ValueError(
                    f"interventions.arms: {name!r}: a CapsNet of sweep that routes as the paper "
                    f"does, with one eta, is needed; there are {', '.join(able)}"
                )
        return self

    @model_validator(mode="after")
    def _new_splits_are_of_known_models(self) -> Params:
        keys = [
            "routing",
            *(
                f"{block}.{name}"
                for block in ("sweep", "ablations")
                for name in getattr(self, block)
            ),
        ]
        for name, key in self.new_splits.models.items():
            if key not in keys:
                raise ValueError(
                    f"new_splits.models.{name} = {key!r}: routing, or an arm of sweep or ablations "
                    "such as sweep.n1 is needed"
                )
        return self

    @model_validator(mode="after")
    def _settings_can_be_resolved(self) -> Params:
        for name, setting in self.settings.items():
            if name in (*BUILTIN_SETTINGS, SEEDS):
                raise ValueError(f"settings.{name}: the report uses this name for the main study")
            try:
                self.resolved(name)
            except ParameterError as error:
                raise ValueError(f"settings.{name}: {error}") from None
            if not setting.differs(self.main_blocks):
                raise ValueError(
                    f"settings.{name}: nothing differs from the main study; change the setting or "
                    f"remove it (-S '~settings.{name}')"
                )
        return self

    @property
    def main_blocks(self) -> Blocks:
        """The blocks of the main study that a setting may change."""
        return Blocks(self.data, self.model, self.capsules, self.train)

    @property
    def setting_arms(self) -> list[str]:
        """The arms that at least one setting trains."""
        every = (arm for setting in self.settings.values() for arm in setting.arms)
        return list(dict.fromkeys(every))

    def resolved(self, setting: str) -> ResolvedSetting:
        """Return all parameters of a setting."""
        arms = self.sweep | self.ablations
        return resolve(self.settings[setting], self.main_blocks, arms)

    @property
    def arms(self) -> Arms:
        """The arms of all blocks, by key."""
        return self.sweep | self.ablations | self.yoked

    @model_validator(mode="after")
    def _some_shown_pair_exists(self) -> Params:
        if not set(self.figures.pairs) & set(self.manifold.pairs):
            raise ValueError(
                f"figures.pairs = {self.figures.pairs}: none of them is in manifold.pairs"
            )
        return self


def parse_params(document: Mapping[str, Any], name: str = PATH) -> Params:
    """Check a parsed ``params.yaml`` and return it typed.

    Parameters
    ----------
    document
        The mapping of blocks, as YAML gives it.
    name
        What the error messages call it.

    Raises
    ------
    ParameterError
        Names each wrong key, the value found and what is allowed.
    """
    return check(document, Params, name=name)


def load_params(path: str = PATH) -> Params:
    """Read and check a whole parameter file.

    Raises
    ------
    FileError
        It cannot be read, or names a key twice in a block.
    ParameterError
        As `parse_params`.
    """
    return parse_params(read_document(path), path)
