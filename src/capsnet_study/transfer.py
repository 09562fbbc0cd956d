"""Transfer between domains: keep the first n layers, re-train the others (paper 3.3, figure 6)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd
import torch

from capsnet_study.checkpoints import Checkpoints, checksum
from capsnet_study.evaluation import Examples, frozen_features
from capsnet_study.models import Network, NetworkSpec, build_network
from capsnet_study.params import TrainParams, TransferParams
from capsnet_study.progress import live_line
from capsnet_study.seeding import torch_generator
from capsnet_study.training import Budget, fit
from capsnet_study.trials import ImageSet, Weights, eta_of, learning_rate, named_failure
from capsnet_study.workers import device, run_side_by_side

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
    """

    origin: str
    kept: int
    tuned: bool = False

    @property
    def name(self) -> str:
        """Return the paper's name, as if B were the target: base, A1B, B2B+, ..."""
        if self == BASE:
            return "base"
        return f"{self.origin}{self.kept}B" + "+" * self.tuned


BASE = Scheme("R", 0, tuned=True)  # random weights, all of them trained: B from scratch


def schemes() -> Iterator[Scheme]:
    """Yield all schemes, the base first."""
    yield BASE
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

    @property
    def checksum(self) -> str:
        """The sha256 of all weights and images."""
        weights = (*self.source.values(), *self.target.values())
        return checksum(weights) + self.train.checksum + self.test.checksum


def run_transfers(
    name: str,
    spec: NetworkSpec,
    transfers: list[Transfer],
    train: TrainParams,
    params: TransferParams,
    checkpoints: Checkpoints | None = None,
) -> list[dict[str, object]]:
    """Run all schemes in each split and direction, side by side, all with the same budget.

    With `checkpoints`, what was cut short goes on where it stood.

    Returns
    -------
    One row a split, direction and scheme: model, split, direction, scheme, exact_match.
    """
    budget = transfer_budget(train, params, spec)
    tasks = [(name, spec, part, budget, train.seed, checkpoints) for part in transfers]
    return [row for rows in run_side_by_side(run_transfer, tasks) for row in rows]


def transfer_budget(train: TrainParams, params: TransferParams, spec: NetworkSpec) -> Budget:
    """Return the budget of every scheme; only the end of a training is evaluated."""
    return Budget(
        params.epochs,
        train.batch_size,
        learning_rate(train, spec),
        evaluations=2,
        warmup=train.warmup,
        even_evaluations=1,
    )


def summarise_schemes(table: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return mean, s.d. and n over splits and directions of each scheme's exact match.

    With them the same of relative_drop, (base - scheme) / base; a base of 0 has none.
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


def run_transfer(
    name: str,
    spec: NetworkSpec,
    transfer: Transfer,
    budget: Budget,
    seed: int,
    checkpoints: Checkpoints | None = None,
) -> list[dict[str, object]]:
    """Run all schemes of one split in one direction.

    Raises
    ------
    LossNotFiniteError
        Names model, split, direction, scheme, seed and step, and the last good checkpoint.
    """
    where = {"model": name, "split": transfer.split, "direction": transfer.direction}
    train_set, test_set = transfer.train.on_device(), transfer.test.on_device()
    shapes = (spec.to_json(), asdict(budget), seed, transfer.checksum) if checkpoints else ()
    rows: list[dict[str, object]] = []
    for scheme in schemes():
        label = f"{name} split {transfer.split} {transfer.direction} {scheme.name}"
        network = prepare(spec, transfer, scheme, seed)
        order = torch_generator(seed, "transfer order", transfer.split, transfer.direction)
        place = f"split{transfer.split}_{transfer.direction}_{scheme.name}"
        checkpoint = checkpoints.of(place, *shapes, place) if checkpoints else None
        position = 2 * transfer.split + (transfer.direction == "BA")
        failure = named_failure(f"{label} (seed {seed})", checkpoint)
        with failure, live_line(label, position) as watch:
            sets = _inputs(network, scheme, train_set, test_set)
            found = fit(network, *sets, budget, order, eta_of(spec), watch, checkpoint)
        rows.append(where | {"scheme": scheme.name, "exact_match": found[-1]["exact_match"]})
    return rows


def _inputs(
    network: Network, scheme: Scheme, train: Examples, test: Examples
) -> tuple[Examples, Examples]:
    """Return the images, or what the frozen layers make of them, computed once."""
    if scheme.tuned:
        return train, test
    return tuple(frozen_features(network, part, scheme.kept) for part in (train, test))


def prepare(spec: NetworkSpec, transfer: Transfer, scheme: Scheme, seed: int) -> Network:
    """Return a network with the kept layers in place and fresh weights in the others.

    The fresh weights are the same for all schemes of a split and direction.

    Raises
    ------
    ValueError
        The weights that layers are kept of are not those of such a network.
    """
    generator = torch_generator(seed, "transfer weights", transfer.split, transfer.direction)
    network = build_network(spec, generator).to(device())
    donor = {"A": transfer.source, "B": transfer.target}.get(scheme.origin)
    if donor is not None:
        _keep(network, donor, scheme.kept)
    return network


def _keep(network: Network, donor: Weights, kept: int) -> None:
    """Load the donor's convolutions and first `kept` layers; all others, and only they, stay."""
    weights = {name: torch.tensor(value) for name, value in donor.items() if _is_kept(name, kept)}
    missing, unexpected = network.load_state_dict(weights, strict=False)
    fresh = {name for name in network.state_dict() if not _is_kept(name, kept)}
    if unexpected or set(missing) != fresh:
        raise ValueError(
            f"the weights to keep do not fit: unexpected {sorted(unexpected)}, "
            f"missing {sorted(set(missing) - fresh)}"
        )


def _is_kept(name: str, kept: int) -> bool:
    """Tell whether a weight belongs to the convolutions or the first `kept` layers."""
    part, *rest = name.split(".")
    return part != "layers" or int(rest[0]) < kept
