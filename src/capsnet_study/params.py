"""The whole of ``params.yaml``, checked at once: each stage does so before it works.

A stage computes with the blocks that it loads by itself (`capsnet_study.common.params`), and
depends on their dataclasses alone. What is here only refuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError, model_validator
from pydantic.dataclasses import dataclass

from capsnet_study.common.errors import ParameterError
from capsnet_study.common.params import PATH, STRICT, check, read_document
from capsnet_study.data.params import DataParams
from capsnet_study.figures.params import FigureParams
from capsnet_study.interventions.params import InterventionParams
from capsnet_study.models.params import CapsuleParams, ModelParams
from capsnet_study.representation.params import ManifoldParams
from capsnet_study.routing.params import RoutingParams
from capsnet_study.training.arms import Arms, Sweep, Yoked, can_be_changed, routed_arms
from capsnet_study.training.params import TrainParams
from capsnet_study.transfer.params import TransferParams
from capsnet_study.worlds.builtin import BUILTIN_WORLDS, SEEDS
from capsnet_study.worlds.params import Setting, WorldParams
from capsnet_study.worlds.seeds import that_differ


@dataclass(frozen=True, config=STRICT)
class Params:
    """The whole of ``params.yaml``."""

    data: DataParams
    model: ModelParams
    capsules: CapsuleParams
    routing: RoutingParams
    train: TrainParams
    sweep: Sweep
    mechanism: Sweep
    yoked: Yoked
    interventions: InterventionParams
    worlds: WorldParams
    manifold: ManifoldParams
    transfer: TransferParams
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
                    f"routing.{name}: only arms of sweep and mechanism may change it; main models "
                    "are trained and read out with one routing"
                )
        return self

    @model_validator(mode="after")
    def _arms_have_one_name_each(self) -> Params:
        names = [*self.sweep, *self.mechanism, *self.yoked]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"arms in more than one of sweep, mechanism, yoked: {twice}")
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
    def _worlds_have_arms_that_there_are(self) -> Params:
        for key, named, block, arms in (
            ("arms", self.worlds.arms, "sweep", self.sweep),
            ("mechanism.arms", self.worlds.mechanism.arms, "mechanism", self.mechanism),
        ):
            for name in named:
                if name not in arms:
                    raise ValueError(
                        f"worlds.{key}: {name!r}: an arm of {block} is needed; there are "
                        f"{', '.join(arms)}"
                    )
        return self

    @model_validator(mode="after")
    def _worlds_can_be_set(self) -> Params:
        main = Setting(self.data, self.model, self.capsules, self.train)
        for name, world in self.worlds.settings.items():
            if name in (*BUILTIN_WORLDS, SEEDS):
                raise ValueError(f"worlds.settings.{name}: a world of this name is there already")
            if "trials" in world.train:
                raise ValueError(
                    f"worlds.settings.{name}.train.trials: all worlds have as many: worlds.trials"
                )
            try:
                world.setting(main)
            except ParameterError as error:
                raise ValueError(f"worlds.settings.{name}: {error}") from None
        return self

    @property
    def arms(self) -> Arms:
        """The arms of all blocks, by key."""
        return self.sweep | self.mechanism | self.yoked

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
    params = check(document, Params, name=name)
    for key in settings_like_main(params):
        raise ParameterError(
            f"{name}: worlds.settings.{key}: nothing differs from the main study: change it, or "
            f"remove it (-S '~worlds.settings.{key}')"
        )
    return params


def settings_like_main(params: Params) -> list[str]:
    """Return the settings that are the main study, as `short` is if that has its two epochs."""
    main = Setting(params.data, params.model, params.capsules, params.train)
    differ = that_differ(params.worlds.settings, main)
    return [key for key in params.worlds.settings if key not in differ]


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
