"""Digits, and the image sets composed of them."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "digits": ["Digits", "load_digits"],
        "domains": ["PAIRS", "DomainSplit", "in_domain", "split_domains"],
        "manifold": ["ManifoldSets", "make_manifold", "shift_grid"],
        "multimnist": ["MultiMNIST", "make_multimnist"],
    },
)
