"""Routing between two layers of capsules (paper section 2 and eq. 1-3)."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "layer": ["CapsuleLayer"],
        "path": ["routing_path"],
        "route": ["couplings", "route"],
        "vectors": ["squash"],
    },
)
