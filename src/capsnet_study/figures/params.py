"""Parameters of the figures: the block ``figures``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from capsnet_study.common.params import STRICT, DigitPair, EachOnce
from capsnet_study.representation.params import MODELS

ModelName = Literal[*MODELS]


@dataclass(frozen=True, config=STRICT)
class FigureParams:
    """What the figures show; never what is measured."""

    dpi: Annotated[int, Field(ge=50, le=1200)]
    pairs: Annotated[list[DigitPair], Field(min_length=1), EachOnce]
    models: Annotated[list[ModelName], Field(min_length=1), EachOnce]
