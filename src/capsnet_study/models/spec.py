"""All that it takes to build a network again: what a model file carries beside its weights."""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import TypeAdapter
from pydantic.dataclasses import dataclass

from capsnet_study.models.capsnet import CapsNet
from capsnet_study.models.cnn import CNN
from capsnet_study.models.network import Network
from capsnet_study.params import CapsuleParams, ModelParams, RoutingParams


@dataclass(frozen=True)
class NetworkSpec:
    """A kind of network and its typed parameters (`capsules` and `routing` for a CapsNet only)."""

    kind: Literal["capsnet", "cnn", "cnn160"]
    model: ModelParams
    hidden: int = 1
    capsules: CapsuleParams | None = None
    routing: RoutingParams | None = None

    def to_json(self) -> str:
        """Return the specification as text."""
        return TypeAdapter(NetworkSpec).dump_json(self).decode()

    @classmethod
    def from_json(cls, text: str) -> NetworkSpec:
        """Read a specification back, checked."""
        return TypeAdapter(cls).validate_json(text)


def build_network(spec: NetworkSpec, generator: torch.Generator) -> Network:
    """Build the network that `spec` describes, with weights drawn from `generator`."""
    if spec.kind == "capsnet":
        network: Network = CapsNet(spec.model, spec.capsules, spec.routing, spec.hidden)
    else:
        network = CNN(spec.model, spec.hidden, capsule_output=spec.kind == "cnn160")
    network.reset_parameters(generator)
    return network
