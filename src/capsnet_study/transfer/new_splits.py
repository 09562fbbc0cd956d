"""Transfer once more, on splits of the digit pairs that suggested no hypothesis: ``new_splits``."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Annotated

import numpy as np
from pydantic import Field
from pydantic.dataclasses import dataclass

from capsnet_study.common.params import STRICT, Count
from capsnet_study.data.domains import DomainSplit, in_domain, split_domains
from capsnet_study.models.spec import NetworkSpec
from capsnet_study.training.checkpoints import Checkpoints
from capsnet_study.training.params import TrainParams
from capsnet_study.training.trials import ImageSet, run_trainings, trial
from capsnet_study.transfer.params import TransferParams
from capsnet_study.transfer.schemes import (
    BASE,
    BASE_LONG,
    Scheme,
    Transfer,
    scheme_training,
    transfer_budget,
)

SCHEMES = (BASE, BASE_LONG, *(Scheme(origin, kept) for origin in "AB" for kept in (1, 2)))

Numbered = Sequence[tuple[int, DomainSplit]]


@dataclass(frozen=True, config=STRICT)
class NewSplits:
    """How many splits follow those of the block ``transfer``, and the models that they judge.

    Attributes
    ----------
    models
        By name, the key of params.yaml that says what is trained: routing, or one such as sweep.n1.
    """

    splits: Count
    models: Annotated[dict[str, str], Field(min_length=1)]


def later_splits(first: int, count: int, rng: np.random.Generator) -> Numbered:
    """Return `count` splits with their numbers, those that follow the `first` ones."""
    return list(enumerate(split_domains(first + count, rng)))[first:]


def run_new_splits(
    model: str,
    spec: NetworkSpec,
    splits: Numbered,
    images: Sequence[ImageSet],
    train: TrainParams,
    params: TransferParams,
    checkpoints: Checkpoints | None = None,
) -> list[dict[str, object]]:
    """Train a network on each domain of each split, then run `SCHEMES` in both directions.

    Parameters
    ----------
    images
        Training and test images of all digit pairs.

    Returns
    -------
    One row per split, direction and scheme: model, split, direction, scheme, exact_match.
    """
    transfers = _pretrained(model, spec, splits, images, train, checkpoints)
    runs = list(product(transfers, SCHEMES))
    budgets = {scheme: transfer_budget(scheme, train, params, spec) for scheme in SCHEMES}
    trainings = [
        scheme_training(model, spec, transfer, scheme, budgets[scheme], train.seed)
        for transfer, scheme in runs
    ]
    return [
        {
            "model": model,
            "split": transfer.split,
            "direction": transfer.direction,
            "scheme": scheme.name,
            "exact_match": trained.rows[-1]["exact_match"],
        }
        for (transfer, scheme), trained in zip(
            runs, run_trainings(trainings, checkpoints), strict=True
        )
    ]


def _pretrained(
    model: str,
    spec: NetworkSpec,
    splits: Numbered,
    images: Sequence[ImageSet],
    train: TrainParams,
    checkpoints: Checkpoints | None,
) -> list[Transfer]:
    """Return the transfers in both directions of each split, with networks of both domains."""
    sets = {
        (number, side): [part.of(in_domain(part.labels, getattr(split, side))) for part in images]
        for number, split in splits
        for side in "ab"
    }
    trainings = [
        trial(f"{model} split{number}_{side.upper()}", spec, sets[number, side], train, number)
        for number, side in sets
    ]
    found = zip(sets, run_trainings(trainings, checkpoints), strict=True)
    weights = {domain: trained.weights for domain, trained in found}
    return [
        Transfer(
            number,
            f"{source}{target}".upper(),
            weights[number, source],
            weights[number, target],
            *sets[number, target],
        )
        for number, _ in splits
        for source, target in ("ab", "ba")
    ]
