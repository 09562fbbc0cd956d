"""CapsNet: convolution, primary capsules, routed capsule layers (paper 3.1, figure 1)."""

from __future__ import annotations

from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn

from capsnet_study.common.sizes import CLASSES, CONV2_SIZE
from capsnet_study.models.losses import margin_loss
from capsnet_study.models.network import Network, NetworkOutput
from capsnet_study.models.params import CapsuleParams, ModelParams
from capsnet_study.routing.layer import CapsuleLayer
from capsnet_study.routing.params import RoutingParams
from capsnet_study.routing.route import squash

PRIMARY_LENGTH = 0.75  # of primary capsules at initialisation, on average over Multi-MNIST
ROUTED_LENGTH = 1.0  # that present ones tend to: weights for shorter ones saturate routing later


class CapsNet(Network):
    """Conv1 -> PrimaryCaps -> R1 -> Cap1 (-> R2 -> Cap2) -> class capsules.

    Parameters
    ----------
    model, capsules, routing
        Typed parameters; all routed layers share `routing`.
    hidden
        Capsule layers below the classes: 1 as in figure 1, 2 for transfer (paper 3.3).
    """

    def __init__(
        self,
        model: ModelParams,
        capsules: CapsuleParams,
        routing: RoutingParams,
        hidden: int = 1,
    ):
        super().__init__(model)
        self.routing = routing
        self.primary_dim = model.primary_dim
        primary = (CONV2_SIZE**2 * model.primary_groups, model.primary_dim)
        sizes = [primary, *[(model.cap1_capsules, model.capsule_dim)] * hidden]
        sizes.append((CLASSES, model.capsule_dim))
        lengths = [PRIMARY_LENGTH, *[ROUTED_LENGTH] * hidden]
        self.layers = nn.ModuleList(
            CapsuleLayer(
                *below,
                *above,
                **routing.of_a_layer,
                bias=capsules.bias,
                init_gain=capsules.init_gain,
                in_length=length,
            )
            for (below, above), length in zip(pairwise(sizes), lengths, strict=True)
        )
        self.set_routing(share=1.0, fitness=1.0)

    def primary_capsules(
        self, images: Float[Tensor, "batch 1 36 36"]
    ) -> Float[Tensor, "batch primary_caps primary_dim"]:
        """Return u: each capsule is `primary_dim` consecutive channels of one site, squashed."""
        sites = self._maps(images)  # [batch, 10, 10, groups * dim]
        return squash(sites.reshape(len(images), -1, self.primary_dim))  # [batch, caps, dim]

    def lower(self, images: Float[Tensor, "batch 1 36 36"], kept: int) -> Tensor:
        """Return the capsules that the first `kept` routed layers give: [batch, caps, dim]."""
        u = self.primary_capsules(images)
        for layer in self.layers[:kept]:
            u, _ = layer(u)
        return u

    def upper(self, features: Float[Tensor, "batch caps dim"], kept: int) -> NetworkOutput:
        """Route through the layers above the first `kept`; scores are lengths of class capsules."""
        names = [f"cap{index + 1}" for index in range(len(self.layers) - 1)] + ["classes"]
        u, activations, couplings = features, {}, []
        for name, layer in zip(names[kept:], self.layers[kept:], strict=True):
            u, c = layer(u)
            activations[name] = u
            couplings.append(c)
        return NetworkOutput(capsule_lengths(u), activations, couplings)

    def loss(
        self, scores: Float[Tensor, "batch classes"], targets: Float[Tensor, "batch classes"]
    ) -> Float[Tensor, ""]:
        """Return the margin loss."""
        return margin_loss(scores, targets)

    def reset_layer(self, index: int, generator: torch.Generator) -> None:
        """Draw the weights of one routed layer anew."""
        self.layers[index].reset_parameters(generator)

    def set_routing(self, share: float, fitness: float) -> None:
        """Set how each layer routes at a share of the training steps, for a training accuracy."""
        for index, layer in enumerate(self.layers):
            layer.set_routing(self.routing.in_force(index, share, fitness))


def capsule_lengths(
    capsules: Float[Tensor, "batch caps dim"],
) -> Float[Tensor, "batch caps"]:
    """Return the lengths |v_j|, with gradient 0 where a capsule is 0."""
    return torch.linalg.vector_norm(capsules, dim=-1)
