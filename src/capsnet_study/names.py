"""What models, measures, null maps and transfer schemes are called, wherever they are shown."""

from __future__ import annotations

from typing import NamedTuple

MODEL_NAMES = {
    "capsnet": "CapsNet",
    "uniform": "CapsNet, uniform",
    "cnn": "CNN",
    "random_capsnet": "CapsNet, untrained",
    "random_cnn": "CNN, untrained",
    "pixels": "pixels",
    "pca": "PCA of pixels",
}


class Measure(NamedTuple):
    """How a measure is called and printed.

    Attributes
    ----------
    name
        In a sentence or a table.
    unit
        ``points`` are hundredths of a share, ``nats`` those of an entropy.
    better
        The better side of a measure of faithfulness: ``higher``, ``lower``, else empty.
    short
        Where there is little room; empty where the name will do.
    """

    name: str
    unit: str = ""
    better: str = ""
    short: str = ""

    @property
    def title(self) -> str:
        """The name for little room."""
        return self.short or self.name

    @property
    def with_arrow(self) -> str:
        """The name with an arrow to the better side."""
        return f"{self.name} {'↑' if self.better == 'higher' else '↓'}"


_ENTROPIES = {
    "entropy_first": ("entropy of {} before training", "nats"),
    "entropy_last": ("entropy of {} after training", "nats"),
    "entropy_change": ("change of {}'s entropy over training", "nats"),
    "entropy_at_tenth": ("entropy of {} at a tenth of the steps", "nats"),
    "spearman_entropy_accuracy": ("rank correlation of {}'s entropy and exact match", ""),
    "spearman_second_half": (
        "rank correlation of {}'s entropy and exact match, second half",
        "",
    ),
}

MEASURES = {
    "exact_match": Measure("final exact match", "points"),
    "area_under_curve": Measure("exact match averaged over training", "points"),
    **{key: Measure(name.format("R1"), unit) for key, (name, unit) in _ENTROPIES.items()},
    **{f"{key}_r2": Measure(name.format("R2"), unit) for key, (name, unit) in _ENTROPIES.items()},
    "chamfer_zscore": Measure("Chamfer distance, z-score", "", "lower", "Chamfer, z-score"),
    "chamfer_unit_box": Measure("Chamfer distance, unit box", "", "lower", "Chamfer, unit box"),
    "chamfer_procrustes": Measure(
        "Chamfer distance, Procrustes", "", "lower", "Chamfer, Procrustes"
    ),
    "procrustes_disparity": Measure("Procrustes disparity", "", "lower"),
    "trustworthiness": Measure("trustworthiness", "", "higher"),
    "continuity": Measure("continuity", "", "higher"),
    "distance_spearman": Measure(
        "rank correlation of distances", "", "higher", "distance rank corr."
    ),
    "linear_r2": Measure("linear R² of the shift", "", "higher", "linear R² of shift"),
}
CHAMFER = ("chamfer_zscore", "chamfer_unit_box", "chamfer_procrustes")
FAITHFULNESS = (
    "procrustes_disparity",
    "trustworthiness",
    "continuity",
    "distance_spearman",
    "linear_r2",
)

NULL_NAMES = {
    "noise": "map of pure noise",
    "shuffled": "the grid, identities shuffled",
    "rotated_30": "the grid, turned by 30°",
    "perfect": "the grid",
}

SCHEME_GROUPS = {  # heading: transfer schemes, in the order of figure 7
    "from\nscratch": ("base",),
    "other\ndomain": ("A1B", "A2B"),
    "same\ndomain": ("B1B", "B2B"),
    "everything\nfine-tuned": ("A1B+", "A2B+", "B1B+", "B2B+"),
    "random,\nfrozen": ("R1B", "R2B"),
}
SCHEMES = [scheme for group in SCHEME_GROUPS.values() for scheme in group]
