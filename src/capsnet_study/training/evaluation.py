"""Examples, and what a network does on a set of them that it is not trained on."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from capsnet_study.common.sizes import CLASSES
from capsnet_study.models.network import Network, NetworkOutput, as_images
from capsnet_study.training.accuracy import digit_recall, exact_match
from capsnet_study.training.coupling import coupling_summary, coupling_sums

BATCH = 128
DEAD_LENGTH = 1e-3


@dataclass(frozen=True)
class Examples:
    """Inputs with their two labels: uint8 images, or features of frozen layers (`kept` of them)."""

    inputs: Tensor
    labels: Int[Tensor, "examples 2"]
    kept: int | None = None

    def __len__(self) -> int:
        return len(self.inputs)

    def run(self, network: Network, chosen: Tensor | slice) -> NetworkOutput:
        """Run what lies above the inputs on the `chosen` ones."""
        if self.kept is None:
            return network(as_images(self.inputs[chosen]))
        return network.upper(self.inputs[chosen], self.kept)

    def targets(self, chosen: Tensor | slice) -> Float[Tensor, "chosen classes"]:
        """Return the labels as multi-hot rows."""
        return F.one_hot(self.labels[chosen], CLASSES).sum(dim=1).float()


@torch.no_grad()
def frozen_features(network: Network, examples: Examples, kept: int) -> Examples:
    """Compute once what the convolutions and the first `kept` layers give for each image."""
    parts = [network.lower(as_images(part), kept) for part in examples.inputs.split(BATCH)]
    return Examples(torch.cat(parts), examples.labels, kept)


@torch.no_grad()
def evaluate(network: Network, examples: Examples) -> dict[str, float]:
    """Measure a network on all `examples`.

    Returns
    -------
    exact_match, recall_0 .. recall_9, and for a network with routing, for each routed layer
    r = 1, 2, ...: entropy_r1 and mi_r1 (nats), entropy_share_r1 (H / log J); dead_share, the part
    of all capsules whose length stays below 1e-3 on every example.
    """
    scores, lengths = [], []
    sums: list[list] = []
    for start in range(0, len(examples), BATCH):
        output = examples.run(network, slice(start, start + BATCH))
        scores.append(output.scores)
        if output.couplings:
            sums.append([coupling_sums(c) for c in output.couplings])
            lengths.append(_longest(output))
    found = torch.cat(scores)
    recall = digit_recall(found, examples.labels).tolist()
    measures = {"exact_match": exact_match(found, examples.labels).double().mean().item()}
    measures |= {f"recall_{digit}": value for digit, value in enumerate(recall)}
    for layer, batches in enumerate(zip(*sums, strict=True), start=1):
        summary = coupling_summary(batches)
        measures[f"entropy_r{layer}"] = summary.entropy
        measures[f"entropy_share_r{layer}"] = summary.share
        measures[f"mi_r{layer}"] = summary.information
    if lengths:
        longest = torch.stack(lengths).amax(dim=0)
        measures["dead_share"] = (longest < DEAD_LENGTH).double().mean().item()
    return measures


def _longest(output: NetworkOutput) -> Float[Tensor, " capsules"]:
    """Return the greatest length of each routed capsule within a batch."""
    lengths = [torch.linalg.vector_norm(v, dim=-1) for v in output.activations.values()]
    return torch.cat([length.amax(dim=0) for length in lengths])
