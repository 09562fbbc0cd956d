"""What a model is: how it is built and trained, and what its files say of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from pydantic import TypeAdapter
from pydantic.dataclasses import dataclass

from capsnet_study.models.capsnet import CapsNet
from capsnet_study.models.cnn import CNN
from capsnet_study.models.network import Network
from capsnet_study.models.params import CapsuleParams, ModelParams
from capsnet_study.routing.params import RoutingParams


@dataclass(frozen=True)
class NetworkSpec:
    """A kind of network and its typed parameters (`capsules` and `routing` for a CapsNet only)."""

    kind: str  # of KINDS
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
        spec = TypeAdapter(cls).validate_json(text)
        if spec.kind not in KINDS:
            raise ValueError(f"{spec.kind!r} is no kind of network: there are {', '.join(KINDS)}")
        return spec


class Kind(NamedTuple):
    """What sets one kind of network apart from the others.

    Attributes
    ----------
    build
        Gives a network of a specification.
    learning_rate
        The key of `TrainParams` that holds it.
    """

    build: Callable[[NetworkSpec], Network]
    learning_rate: str


KINDS = {
    "capsnet": Kind(
        lambda spec: CapsNet(spec.model, spec.capsules, spec.routing, spec.hidden),
        learning_rate="lr_capsnet",
    ),
    "cnn": Kind(lambda spec: CNN(spec.model, spec.hidden), "lr_cnn"),
    "cnn160": Kind(lambda spec: CNN(spec.model, spec.hidden, capsule_output=True), "lr_cnn"),
}


def build_network(spec: NetworkSpec, generator: torch.Generator) -> Network:
    """Build the network that `spec` describes, with weights drawn from `generator`."""
    network = KINDS[spec.kind].build(spec)
    network.reset_parameters(generator)
    return network
