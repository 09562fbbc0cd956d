"""Transfer between domains: keep the first n layers, re-train the others (paper 3.3, figure 6)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from capsnet_study.models.spec import NetworkSpec
from capsnet_study.models.weights import Weights
from capsnet_study.training.checkpoints import Checkpoints
from capsnet_study.training.fit import Budget
from capsnet_study.training.params import TrainParams
from capsnet_study.training.trials import (
    ImageSet,
    Kept,
    Training,
    learning_rate,
    run_trainings,
)
from capsnet_study.transfer.params import TransferParams

KEPT = (1, 2)


@dataclass(frozen=True)
class Scheme:
    """How a network for domain B is made.

    Attributes
    ----------
    origin
        Where the kept layers come from: ``A`` (the other domain), ``B`` (the target itself) or
        ``R`` (random weights: the lower bound, and the base).
    kept
        How many of the three layers above the convolutions are kept, with the convolutions.
    tuned
        Whether the kept layers are trained, too (the ``+`` forms), instead of frozen.
    long
        Whether it trains for as long as kept layers have been trained in all (a control).
    """

    origin: str
    kept: int
    tuned: bool = False
    long: bool = False

    @property
    def name(self) -> str:
        """Return the name, the paper's but for base_long, as if B were the target: A1B, B2B+."""
        if self.kept == 0:
            return "base_long" if self.long else "base"
        return f"{self.origin}{self.kept}B" + "+" * self.tuned

    def epochs(self, train: TrainParams, params: TransferParams) -> int:
        """Return how many epochs it trains for."""
        return params.epochs + (train.epochs if self.long else 0)


BASE = Scheme("R", 0, tuned=True)  # random weights, all of them trained: B from scratch
BASE_LONG = Scheme("R", 0, tuned=True, long=True)


def schemes() -> Iterator[Scheme]:
    """Yield all schemes, the base first."""
    yield BASE
    yield BASE_LONG
    for tuned in (False, True):
        for origin in "AB":
            for kept in KEPT:
                yield Scheme(origin, kept, tuned)
    for kept in KEPT:
        yield Scheme("R", kept)


@dataclass(frozen=True)
class Transfer:
    """One split used in one direction.

    `source` and `target` are the weights that layers may be kept of: those trained on the other
    domain and on the target. `train` and `test` are images of the target domain.
    """

    split: int
    direction: str
    source: Weights
    target: Weights
    train: ImageSet
    test: ImageSet


def run_transfers(
    name: str,
    spec: NetworkSpec,
    transfers: Sequence[Transfer],
    train: TrainParams,
    params: TransferParams,
    checkpoints: Checkpoints | None = None,
) -> list[dict[str, object]]:
    """Run all schemes in each split and direction, side by side, each with its budget.

    With `checkpoints`, what was cut short goes on where it stood.

    Returns
    -------
    One row a split, direction and scheme: model, split, direction, scheme, exact_match.
    """
    budgets = {scheme: transfer_budget(scheme, train, params, spec) for scheme in schemes()}
    runs = [(transfer, scheme) for transfer in transfers for scheme in budgets]
    trainings = [
        scheme_training(name, spec, transfer, scheme, budgets[scheme], train.seed)
        for transfer, scheme in runs
    ]
    return [
        {
            "model": name,
            "split": transfer.split,
            "direction": transfer.direction,
            "scheme": scheme.name,
            "exact_match": trained.rows[-1]["exact_match"],
        }
        for (transfer, scheme), trained in zip(
            runs, run_trainings(trainings, checkpoints), strict=True
        )
    ]


def scheme_training(
    name: str, spec: NetworkSpec, transfer: Transfer, scheme: Scheme, budget: Budget, seed: int
) -> Training:
    """Return the training of one scheme.

    Fresh weights and the order of images are the same for all schemes of a split and direction.
    """
    where = transfer.split, transfer.direction
    donor = {"A": transfer.source, "B": transfer.target}.get(scheme.origin)
    return Training(
        f"{name} split {transfer.split} {transfer.direction} {scheme.name}",
        spec,
        transfer.train,
        transfer.test,
        budget,
        seed,
        weights=("transfer weights", *where),
        order=("transfer order", *where),
        kept=Kept(scheme.kept, donor, frozen=not scheme.tuned),
    )


def transfer_budget(
    scheme: Scheme, train: TrainParams, params: TransferParams, spec: NetworkSpec
) -> Budget:
    """Return the budget of a scheme; only the end of a training is evaluated."""
    return Budget(
        scheme.epochs(train, params),
        train.batch_size,
        learning_rate(train, spec),
        evaluations=2,
        warmup=train.warmup,
        even_evaluations=1,
        weight_decay=train.weight_decay,
    )


def summarise_schemes(table: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return mean, s.d. and n over splits and directions of each scheme's exact match.

    With them the same of relative_drop, (base - scheme) / base, also of base_long; a base of 0 has
    none.
    """
    scores = table.pivot(index=["split", "direction"], columns="scheme", values="exact_match")
    base = scores["base"].where(scores["base"] > 0)
    return {
        scheme: _moments(scores[scheme])
        | {"relative_drop": _moments(((base - scores[scheme]) / base).dropna())}
        for scheme in table["scheme"].unique()
    }


def _moments(values: pd.Series) -> dict[str, float]:
    return {"mean": values.mean(), "std": values.std(), "n": len(values)}
