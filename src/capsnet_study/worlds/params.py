"""Parameters of the study in other settings: the block ``worlds``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, NamedTuple

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from capsnet_study.common.params import STRICT, Count, EachOnce, check
from capsnet_study.data.params import DataParams
from capsnet_study.models.params import CapsuleParams, ModelParams
from capsnet_study.training.params import TrainParams

Changes = dict[str, Any]
Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]  # to DVC a dot is a path


class Setting(NamedTuple):
    """The blocks of params.yaml that a world may change."""

    data: DataParams
    model: ModelParams
    capsules: CapsuleParams
    train: TrainParams


@dataclass(frozen=True, config=STRICT)
class World:
    """What differs from the main study: parameters of four blocks, by key.

    Attributes
    ----------
    own_images
        Whether each trial composes training and test images of its own.
    """

    data: Changes = Field(default_factory=dict)
    model: Changes = Field(default_factory=dict)
    capsules: Changes = Field(default_factory=dict)
    train: Changes = Field(default_factory=dict)
    own_images: bool = False

    def setting(self, main: Setting) -> Setting:
        """Return the main study's blocks with what differs in this world.

        Raises
        ------
        ParameterError
            A block has no such key, or refuses the value.
        """
        return Setting(
            *(
                check(asdict(block) | getattr(self, name), type(block), (name,), "settings")
                for name, block in main._asdict().items()
            )
        )


@dataclass(frozen=True, config=STRICT)
class WorldMechanism:
    """Which interventions, arms of ``mechanism``, are trained in which worlds."""

    arms: Annotated[list[str], Field(min_length=1), EachOnce]
    worlds: Annotated[list[str], Field(min_length=1), EachOnce]


@dataclass(frozen=True, config=STRICT)
class WorldParams:
    """Which arms of the sweep are trained in which other settings, and how often.

    Attributes
    ----------
    mechanism
        Interventions that some of these worlds train beside the arms.
    """

    arms: Annotated[list[str], Field(min_length=1), EachOnce]
    trials: Count
    settings: Annotated[dict[Name, World], Field(min_length=1)]
    mechanism: WorldMechanism

    def arms_in(self, world: str) -> list[str]:
        """Return the arms that a world trains, interventions last."""
        return [*self.arms, *(self.mechanism.arms if world in self.mechanism.worlds else ())]

    @model_validator(mode="after")
    def _every_world_differs(self) -> WorldParams:
        for name, world in self.settings.items():
            if world == World():
                raise ValueError(f"settings.{name}: nothing differs from the main study")
        return self

    @model_validator(mode="after")
    def _interventions_are_in_worlds_that_there_are(self) -> WorldParams:
        for name in self.mechanism.worlds:
            if name not in self.settings:
                raise ValueError(
                    f"mechanism.worlds: no world {name!r}; there are {', '.join(self.settings)}"
                )
        return self
