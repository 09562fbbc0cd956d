"""CapsNet, the matched CNN, and their deeper forms for transfer (paper figure 1)."""

from capsnet_study.models.capsnet import CapsNet
from capsnet_study.models.cnn import CNN
from capsnet_study.models.losses import margin_loss, multi_label_loss
from capsnet_study.models.network import Network, NetworkOutput
from capsnet_study.models.spec import NetworkSpec, build_network

__all__ = [
    "CNN",
    "CapsNet",
    "Network",
    "NetworkOutput",
    "NetworkSpec",
    "build_network",
    "margin_loss",
    "multi_label_loss",
]
