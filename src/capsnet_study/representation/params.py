"""Parameters of the representation study: the block ``manifold``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from capsnet_study.common.params import STRICT, Count, DigitPair, EachOnce
from capsnet_study.common.sizes import GRID_POINTS

MODELS = ("capsnet", "uniform", "cnn", "cnn_pre", "random_capsnet", "random_cnn", "pixels", "pca")
"""What represents the images: trained networks (``_pre``: before the ReLU of the layer studied),
the same untrained, and no network at all."""


@dataclass(frozen=True, config=STRICT)
class ManifoldParams:
    """The manifold sets (paper 3.2) and the t-SNE maps drawn of them."""

    pairs: Annotated[list[DigitPair], Field(min_length=1), EachOnce]
    perplexity: Annotated[float, Field(gt=0.0, lt=GRID_POINTS)]
    other_perplexities: Annotated[list[Annotated[float, Field(gt=0.0, lt=GRID_POINTS)]], EachOnce]
    tsne_seeds: Count
    tsne_init: Literal["random", "pca"]
    null_draws: Count

    @model_validator(mode="after")
    def _pairs_of_two_digits(self) -> ManifoldParams:
        for pair in self.pairs:
            if pair[0] == pair[2]:
                raise ValueError(f"pairs: {pair!r} names one digit twice")
        if self.perplexity in self.other_perplexities:
            raise ValueError(f"other_perplexities: {self.perplexity} is the main perplexity")
        return self
