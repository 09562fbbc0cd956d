"""The paper's two measures, for use elsewhere; the study imports them from their packages."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    "capsnet_study",
    submod_attrs={
        "faithfulness.chamfer": ["chamfer_distance"],
        "training.coupling": ["coupling_entropy"],
    },
)
