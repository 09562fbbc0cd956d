"""The block ``settings``: the main arms with other data, lengths, seeds or sizes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Annotated, Any, NamedTuple

from pydantic import Field, TypeAdapter, model_validator
from pydantic.dataclasses import dataclass

from capsnet_study.common.params import STRICT, Count, ParameterError, check
from capsnet_study.data.params import DataParams
from capsnet_study.models.params import CapsuleParams, ModelParams
from capsnet_study.training.arms import Arm, Sweep
from capsnet_study.training.params import TrainParams

Changes = dict[str, Any]
Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]  # to DVC a dot is a path


class Blocks(NamedTuple):
    """The blocks of params.yaml that a setting may change."""

    data: DataParams
    model: ModelParams
    capsules: CapsuleParams
    train: TrainParams


@dataclass(frozen=True, config=STRICT)
class Setting:
    """What differs from the main study, which arms are trained there, and how often.

    Attributes
    ----------
    data, model, capsules, train
        Parameters of these blocks that differ, by key.
    own_images
        Whether each trial composes training and test images of its own.
    arms
        Arms of `sweep` or `ablations`.
    trials
        Per arm.
    keep
        Those of `arms` whose trained networks are kept.
    """

    arms: Annotated[list[str], Field(min_length=1)]
    trials: Count
    data: Changes = Field(default_factory=dict)
    model: Changes = Field(default_factory=dict)
    capsules: Changes = Field(default_factory=dict)
    train: Changes = Field(default_factory=dict)
    own_images: bool = False
    keep: list[str] = Field(default_factory=list)

    def blocks(self, main: Blocks) -> Blocks:
        """Return the main study's blocks with what differs here.

        Raises
        ------
        ParameterError
            A block has no such key, or refuses the value.
        """
        return Blocks(
            *(
                check(asdict(block) | getattr(self, name), type(block), (name,), "settings")
                for name, block in main._asdict().items()
            )
        )

    def differs(self, main: Blocks) -> bool:
        """Return whether anything but arms and trials differs from the main study."""
        return self.own_images or self.blocks(main) != main

    @model_validator(mode="after")
    def _trials_have_one_place(self) -> Setting:
        if "trials" in self.train:
            raise ValueError("train.trials: a setting says it as `trials`, beside `arms`")
        return self

    @model_validator(mode="after")
    def _arms_are_kept_that_are_trained(self) -> Setting:
        for key in ("arms", "keep"):
            names = getattr(self, key)
            for name in names:
                if names.count(name) > 1:
                    raise ValueError(f"{key}: {name!r} is listed twice")
        for name in self.keep:
            if name not in self.arms:
                raise ValueError(f"keep: {name!r} is none of arms, {', '.join(self.arms)}")
        return self


Settings = dict[Name, Setting]
"""The block ``settings``."""


@dataclass(frozen=True, config=STRICT)
class ResolvedSetting:
    """All parameters of a setting, nothing left to look up: what its stage reads.

    `train.trials` is the number of trials of every arm.
    """

    data: DataParams
    model: ModelParams
    capsules: CapsuleParams
    train: TrainParams
    own_images: bool
    arms: Sweep
    keep: list[str]


def resolve(setting: Setting, main: Blocks, arms: Mapping[str, Arm]) -> ResolvedSetting:
    """Return a setting with the parameters that it shares with the main study filled in.

    Raises
    ------
    ParameterError
        It names an arm that there is not, a block has no such key, or refuses the value.
    """
    for name in setting.arms:
        if name not in arms:
            raise ParameterError(
                f"arms: {name!r}: an arm of sweep or ablations is needed; "
                f"there are {', '.join(arms)}"
            )
    data, model, capsules, train = setting.blocks(main)
    return ResolvedSetting(
        data,
        model,
        capsules,
        replace(train, trials=setting.trials),
        setting.own_images,
        {name: replace(arms[name], trials=None) for name in setting.arms},
        setting.keep,
    )


def to_json(resolved: ResolvedSetting) -> dict[str, Any]:
    """Return a resolved setting as plain values, without options that have their default."""
    dump = TypeAdapter(ResolvedSetting).dump_python
    return dump(resolved, mode="json", exclude_defaults=True)
