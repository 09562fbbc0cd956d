"""Parameters of training: the block ``train``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from capsnet_study.common.params import STRICT, Count, NotNegative, Positive, Seed


@dataclass(frozen=True, config=STRICT)
class TrainParams:
    """One optimisation set-up for all arms of a family.

    The learning rate rises over the share `warmup` of the steps and falls over the others.
    `weight_decay` is decoupled from the gradient, as in AdamW: each step takes the share
    ``lr * weight_decay`` off every weight. `evaluations` are log-spaced over the first tenth of the
    steps; one at each tenth follows.
    """

    seed: Seed
    trials: Count
    epochs: Count
    batch_size: Count
    lr_capsnet: Positive
    lr_cnn: Positive
    weight_decay: NotNegative
    warmup: Annotated[float, Field(ge=0.0, le=0.5)]
    evaluations: Annotated[int, Field(ge=2)]
    fitness_memory: Annotated[float, Field(ge=0.0, lt=1.0)]
