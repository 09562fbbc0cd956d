"""What is measured: training steps of whole networks, and passes through one routed layer."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from benchmarks.timing import Work
from capsnet_study.models.capsnet import CapsNet
from capsnet_study.models.cnn import CNN
from capsnet_study.models.network import Network
from capsnet_study.models.params import CapsuleParams, ModelParams
from capsnet_study.routing.layer import CapsuleLayer
from capsnet_study.routing.params import Gradient, RoutingParams
from capsnet_study.routing.route import route


def capsnet(model: ModelParams, n_iter: int, gradient: Gradient) -> CapsNet:
    """Return a CapsNet with eta = 1."""
    return CapsNet(model, CapsuleParams(0.5, bias=True), RoutingParams(n_iter, 1.0, gradient))


def network_step(network: Network, batch: int, device: torch.device) -> Work:
    """Return a training step: forward, loss, backward, AdamW."""
    network = network.to(device)
    images, targets = _images(batch, device), _two_hot(batch).to(device)
    optimizer = _optimizer(network)

    def step() -> None:
        optimizer.zero_grad()
        network.loss(network(images).scores, targets).backward()
        optimizer.step()

    return step


def convolution_step(model: ModelParams, batch: int, device: torch.device) -> Work:
    """Return the same step of the two convolutions alone."""
    network = CNN(model)
    convolutions = nn.Sequential(network.conv1, nn.ReLU(inplace=True), network.conv2).to(device)
    images, optimizer = _images(batch, device), _optimizer(convolutions)

    def step() -> None:
        optimizer.zero_grad()
        convolutions(images).square().mean().backward()
        optimizer.step()

    return step


def layer_pass(
    path: str,
    model: ModelParams,
    n_iter: int,
    gradient: Gradient,
    batch: int,
    device: torch.device,
) -> Work:
    """Return a forward and backward pass through R1.

    Parameters
    ----------
    path
        ``fused`` is `CapsuleLayer` on the CPU, ``plain`` the same routing in PyTorch, and
        ``broadcast`` the usual implementation, which has the gradient ``full`` only.
    """
    in_caps, in_dim = 100 * model.primary_groups, model.primary_dim
    sizes = (in_caps, in_dim, model.cap1_capsules, model.capsule_dim)
    u = (0.3 * torch.rand(batch, in_caps, in_dim)).to(device).requires_grad_()
    if path == "broadcast":
        forward = BroadcastLayer(*sizes, n_iter).to(device)
    else:
        layer = CapsuleLayer(*sizes, n_iter, 1.0, gradient).to(device)
        routing = (n_iter, 1.0, gradient)
        forward = layer if path == "fused" else lambda u: route(layer.votes(u), *routing)

    def run() -> None:
        u.grad = None
        v, _ = forward(u)
        v.sum().backward()

    return run


class BroadcastLayer(nn.Module):
    """Dynamic routing as public PyTorch code usually writes it, called as `CapsuleLayer` is.

    One broadcast product of weights and lower capsules per sample, temporaries as large as the
    votes in every iteration, and autograd through all of it.
    """

    def __init__(self, in_caps: int, in_dim: int, out_caps: int, out_dim: int, n_iter: int):
        super().__init__()
        self.weight = nn.Parameter(0.05 * torch.randn(1, in_caps, out_caps, out_dim, in_dim))
        self.n_iter = n_iter

    def forward(
        self, u: Float[Tensor, "batch in_caps in_dim"]
    ) -> tuple[Float[Tensor, "batch out_caps out_dim"], Float[Tensor, "batch in_caps out_caps"]]:
        """Return the upper capsules v and the couplings c."""
        u = u[:, :, None, :, None]  # [batch, in_caps, 1, in_dim, 1]
        votes = (self.weight @ u).squeeze(-1)  # [batch, in_caps, out_caps, out_dim]
        b = votes.new_zeros(*votes.shape[:3], 1)
        for iteration in range(self.n_iter):
            c = b.softmax(dim=2)
            s = (c * votes).sum(dim=1, keepdim=True)  # [batch, 1, out_caps, out_dim]
            square = (s * s).sum(dim=-1, keepdim=True)
            v = square / (1 + square) * s / (square.sqrt() + 1e-8)
            if iteration < self.n_iter - 1:
                b = b + (v * votes).sum(dim=-1, keepdim=True)
        return v.squeeze(1), c.squeeze(-1)


def _optimizer(module: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.AdamW(module.parameters(), weight_decay=0.0, fused=True)


def _images(batch: int, device: torch.device) -> Float[Tensor, "batch 1 36 36"]:
    images = torch.rand(batch, 1, 36, 36, device=device)
    return images.contiguous(memory_format=torch.channels_last)


def _two_hot(batch: int) -> Float[Tensor, "batch 10"]:
    first = torch.arange(batch) % 10
    return F.one_hot(first, 10).float() + F.one_hot((first + 1) % 10, 10).float()
