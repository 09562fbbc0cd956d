"""The whole of ``params.yaml``, checked at once: each stage does so before it works.

A stage computes with the blocks that it loads by itself (`capsnet_study.common.params`), and
depends on their dataclasses alone. What is here only refuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import model_validator
from pydantic.dataclasses import dataclass

from capsnet_study.common.params import PATH, STRICT, check, read_document
from capsnet_study.data.params import DataParams
from capsnet_study.figures.params import FigureParams
from capsnet_study.models.params import CapsuleParams, ModelParams
from capsnet_study.representation.params import ManifoldParams
from capsnet_study.routing.params import RoutingParams
from capsnet_study.training.arms import Sweep
from capsnet_study.training.params import TrainParams
from capsnet_study.transfer.params import TransferParams


@dataclass(frozen=True, config=STRICT)
class Params:
    """The whole of ``params.yaml``."""

    data: DataParams
    model: ModelParams
    capsules: CapsuleParams
    routing: RoutingParams
    train: TrainParams
    sweep: Sweep
    manifold: ManifoldParams
    transfer: TransferParams
    figures: FigureParams

    @model_validator(mode="after")
    def _main_model_has_one_eta(self) -> Params:
        if self.routing.eta_max is not None:
            raise ValueError(
                "routing.eta_max: only arms of sweep may let eta follow fitness; main models are "
                "read out with one eta"
            )
        return self

    @model_validator(mode="after")
    def _some_shown_pair_exists(self) -> Params:
        if not set(self.figures.pairs) & set(self.manifold.pairs):
            raise ValueError(
                f"figures.pairs = {self.figures.pairs}: none of them is in manifold.pairs"
            )
        return self


def parse_params(document: Mapping[str, Any], name: str = PATH) -> Params:
    """Check a parsed ``params.yaml`` and return it typed.

    Parameters
    ----------
    document
        The mapping of blocks, as YAML gives it.
    name
        What the error messages call it.

    Raises
    ------
    ParameterError
        Names each wrong key, the value found and what is allowed.
    """
    return check(document, Params, name=name)


def load_params(path: str = PATH) -> Params:
    """Read and check a whole parameter file.

    Raises
    ------
    ParameterError
        As `parse_params`, or names the line of a key that stands twice in its block.
    """
    return parse_params(read_document(path), path)
