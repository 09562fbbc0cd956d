"""The standard CNN of figure 1: the same neuron count in every intermediate layer as CapsNet."""

from __future__ import annotations

from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn

from capsnet_study.common.sizes import CLASSES, CONV2_SIZE
from capsnet_study.models.capsnet import capsule_lengths
from capsnet_study.models.losses import margin_loss, multi_label_loss
from capsnet_study.models.network import Network, NetworkOutput, reset_he
from capsnet_study.models.params import ModelParams
from capsnet_study.routing.route import squash


class CNN(Network):
    """Conv1 -> Conv2 -> Linear1 (-> Linear2) -> output.

    Parameters
    ----------
    model
        Typed parameters; Linear1 has ``cap1_capsules * capsule_dim`` units.
    hidden
        Linear layers below the output: 1 as in figure 1, 2 for transfer.
    capsule_output
        False: 10 logits with a multi-label loss. True, the control: 10 vectors, as many output
        neurons as CapsNet has, squashed and read out by their lengths with the margin loss.
    """

    def __init__(self, model: ModelParams, hidden: int = 1, capsule_output: bool = False):
        super().__init__(model)
        self.capsule_output = capsule_output
        width = model.cap1_capsules * model.capsule_dim
        flat = CONV2_SIZE**2 * model.primary_groups * model.primary_dim
        outputs = CLASSES * model.capsule_dim if capsule_output else CLASSES
        sizes = [flat, *[width] * hidden, outputs]
        self.layers = nn.ModuleList(nn.Linear(below, above) for below, above in pairwise(sizes))

    def lower(
        self, images: Float[Tensor, "batch 1 36 36"], kept: int
    ) -> Float[Tensor, "batch units"]:
        """Return what the convolutions and the first `kept` linear layers give."""
        h = self._maps(images).relu().flatten(1)  # [batch, 100 * channels]
        for layer in self.layers[:kept]:
            h = layer(h).relu()
        return h

    def upper(self, features: Float[Tensor, "batch units"], kept: int) -> NetworkOutput:
        """Run the linear layers above the first `kept`; ``_pre`` is a layer before its ReLU."""
        h, activations = features, {}
        for index in range(kept, len(self.layers) - 1):
            name, pre = f"linear{index + 1}", self.layers[index](h)
            h = pre.relu()
            activations |= {f"{name}_pre": pre, name: h}
        outputs = activations["classes"] = self.layers[-1](h)
        return NetworkOutput(self._scores(outputs), activations)

    def loss(
        self, scores: Float[Tensor, "batch classes"], targets: Float[Tensor, "batch classes"]
    ) -> Float[Tensor, ""]:
        """Return the multi-label loss of logits, or the margin loss of lengths."""
        return (margin_loss if self.capsule_output else multi_label_loss)(scores, targets)

    def reset_layer(self, index: int, generator: torch.Generator) -> None:
        """Draw the weights of one linear layer anew."""
        reset_he(self.layers[index], generator)

    def _scores(self, outputs: Float[Tensor, "batch units"]) -> Float[Tensor, "batch classes"]:
        if not self.capsule_output:
            return outputs
        return capsule_lengths(squash(outputs.unflatten(1, (CLASSES, -1))))
