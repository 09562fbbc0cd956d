"""Parameters of the data sets: the block ``data``."""

from __future__ import annotations

from typing import Literal

from pydantic.dataclasses import dataclass

from capsnet_study.common.params import STRICT, Count, Seed
from capsnet_study.data.digits import SOURCES


@dataclass(frozen=True, config=STRICT)
class DataParams:
    """Which digits there are, and how many images are composed of them (paper 3.1)."""

    source: Literal[*SOURCES]
    seed: Seed
    train_images: Count
    test_images: Count
