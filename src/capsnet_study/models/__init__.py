"""CapsNet, the matched CNN, and their deeper forms for transfer (paper figure 1)."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "capsnet": ["CapsNet"],
        "cnn": ["CNN"],
        "losses": ["margin_loss", "multi_label_loss"],
        "network": ["Network", "NetworkOutput"],
        "spec": ["NetworkSpec", "build_network"],
    },
)
