"""Parameters of the networks: the blocks ``model`` and ``capsules``."""

from __future__ import annotations

from pydantic.dataclasses import dataclass

from capsnet_study.common.params import STRICT, Count, Positive


@dataclass(frozen=True, config=STRICT)
class ModelParams:
    """Layer sizes shared by CapsNet and CNN, so that neuron counts match (paper 3.1)."""

    conv_channels: Count
    primary_groups: Count
    primary_dim: Count
    cap1_capsules: Count
    capsule_dim: Count


@dataclass(frozen=True, config=STRICT)
class CapsuleParams:
    """Weights of the routed layers: scale at initialisation, and whether capsules have a bias."""

    init_gain: Positive
    bias: bool
