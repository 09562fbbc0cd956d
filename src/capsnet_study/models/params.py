"""Parameters of the networks: the blocks ``model`` and ``capsules``."""

from __future__ import annotations

from typing import Literal

from pydantic.dataclasses import dataclass

from capsnet_study.common.params import STRICT, Count, Positive


@dataclass(frozen=True, config=STRICT)
class ModelParams:
    """Layer sizes shared by CapsNet and CNN, so that neuron counts match (paper 3.1).

    `conv_precision` is that of the factors and results of the convolutions, forward and backward;
    they add up in float32, and all weights and all else are float32.
    """

    conv_channels: Count
    primary_groups: Count
    primary_dim: Count
    cap1_capsules: Count
    capsule_dim: Count
    conv_precision: Literal["float32", "bfloat16"] = "float32"


@dataclass(frozen=True, config=STRICT)
class CapsuleParams:
    """Weights of the routed layers: scale at initialisation, and whether capsules have a bias."""

    init_gain: Positive
    bias: bool
