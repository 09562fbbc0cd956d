"""Digits, and the image sets composed of them."""

from capsnet_study.data.digits import Digits, load_digits
from capsnet_study.data.domains import PAIRS, DomainSplit, in_domain, split_domains
from capsnet_study.data.manifold import ManifoldSets, make_manifold, shift_grid
from capsnet_study.data.multimnist import MultiMNIST, make_multimnist

__all__ = [
    "PAIRS",
    "Digits",
    "DomainSplit",
    "ManifoldSets",
    "MultiMNIST",
    "in_domain",
    "load_digits",
    "make_manifold",
    "make_multimnist",
    "shift_grid",
    "split_domains",
]
