"""What the study measures; every public measure can be imported from here.

The names are resolved when first asked for, so that training, which needs the coupling and accuracy
measures, neither loads nor depends on the code of the manifold measures.
"""

from importlib import import_module
from typing import Any

_MODULE_OF = {
    "exact_match": "accuracy",
    "digit_recall": "accuracy",
    "CouplingSummary": "coupling",
    "coupling_entropy": "coupling",
    "coupling_information": "coupling",
    "coupling_sums": "coupling",
    "coupling_summary": "coupling",
    "entropy_share": "coupling",
    "chamfer_conventions": "chamfer",
    "chamfer_distance": "chamfer",
    "normalise_unit_box": "chamfer",
    "normalise_zscore": "chamfer",
    "procrustes_align": "chamfer",
    "continuity": "faithfulness",
    "distance_spearman": "faithfulness",
    "linear_r2": "faithfulness",
    "map_measures": "faithfulness",
    "procrustes_disparity": "faithfulness",
    "trustworthiness": "faithfulness",
    "null_bands": "nulls",
}

__all__ = list(_MODULE_OF)


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
