"""Transfer between domains: keep the first n layers, re-train the others (paper 3.3, figure 6)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pandas as pd
import torch

from capsnet_study.evaluation import Examples, evaluate, frozen_features
from capsnet_study.models import Network, NetworkSpec, build_network
from capsnet_study.params import TrainParams, TransferParams
from capsnet_study.progress import live_line
from capsnet_study.seeding import torch_generator
from capsnet_study.training import fit
from capsnet_study.trials import ImageSet, Weights, budget_of, eta_of, load_network
from capsnet_study.workers import device, run_side_by_side

KEPT = (1, 2)


@dataclass(frozen=True)
class Scheme:
    """How a network for domain B is made.

    Attributes
    ----------
    origin
        Where the kept layers come from: ``A`` (the other domain), ``B`` (the target itself) or
        ``R`` (random weights, the lower bound).
    kept
        How many of the three layers above the convolutions are kept, with the convolutions.
    tuned
        Whether the kept layers are trained on, too (the ``+`` forms), instead of frozen.
    """

    origin: str
    kept: int
    tuned: bool = False

    @property
    def name(self) -> str:
        """Return the paper's name, as if B were the target: A1B, B2B+, ..."""
        return f"{self.origin}{self.kept}B" + "+" * self.tuned


def schemes() -> Iterator[Scheme]:
    """Yield all schemes but the base."""
    for tuned in (False, True):
        for origin in "AB":
            for kept in KEPT:
                yield Scheme(origin, kept, tuned)
    for kept in KEPT:
        yield Scheme("R", kept)


@dataclass(frozen=True)
class Transfer:
    """One split used in one direction.

    `source` and `target` are the weights trained on the other domain and on the target from
    scratch; `train` and `test` are images of the target domain.
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
    transfers: list[Transfer],
    train: TrainParams,
    params: TransferParams,
) -> list[dict[str, object]]:
    """Run all schemes in each split and direction, side by side.

    Returns
    -------
    One row a split, direction and scheme: model, split, direction, scheme, exact_match. The scheme
    ``base`` is the network trained from scratch on the target domain.
    """
    budget = replace(train, epochs=params.epochs)
    tasks = [(name, spec, transfer, budget) for transfer in transfers]
    return [row for rows in run_side_by_side(run_transfer, tasks) for row in rows]


def summarise_schemes(table: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Return mean, s.d. and n over splits and directions for each scheme."""
    grouped = table.groupby("scheme", sort=False)["exact_match"]
    return {
        scheme: {"mean": values.mean(), "std": values.std(), "n": len(values)}
        for scheme, values in grouped
    }


def run_transfer(
    name: str, spec: NetworkSpec, transfer: Transfer, train: TrainParams
) -> list[dict[str, object]]:
    """Run the base and all schemes of one split in one direction."""
    where = {"model": name, "split": transfer.split, "direction": transfer.direction}
    train_set, test_set = transfer.train.on_device(), transfer.test.on_device()
    base = evaluate(load_network(spec, transfer.target), test_set)["exact_match"]
    rows: list[dict[str, object]] = [where | {"scheme": "base", "exact_match": base}]
    for scheme in schemes():
        label = f"{name} split {transfer.split} {transfer.direction} {scheme.name}"
        reached = _run_scheme(label, spec, transfer, scheme, train, train_set, test_set)
        rows.append(where | {"scheme": scheme.name, "exact_match": reached})
    return rows


def _run_scheme(
    label: str,
    spec: NetworkSpec,
    transfer: Transfer,
    scheme: Scheme,
    train: TrainParams,
    train_set: Examples,
    test_set: Examples,
) -> float:
    """Return the exact match on the target domain after re-training."""
    network = prepare(spec, transfer, scheme, train.seed)
    if not scheme.tuned:
        train_set, test_set = (
            frozen_features(network, part, scheme.kept) for part in (train_set, test_set)
        )
    budget = replace(budget_of(train, spec), evaluations=2)
    order = torch_generator(train.seed, "transfer order", transfer.split, transfer.direction)
    with live_line(label, position=2 * transfer.split + (transfer.direction == "BA")) as watch:
        rows = fit(network, train_set, test_set, budget, order, eta_of(spec), watch)
    return rows[-1]["exact_match"]


def prepare(spec: NetworkSpec, transfer: Transfer, scheme: Scheme, seed: int) -> Network:
    """Return a network with the kept layers in place and fresh weights in the others.

    The fresh weights are the same for all schemes of a split and direction.
    """
    fresh = torch_generator(seed, "transfer weights", transfer.split, transfer.direction)
    network = build_network(spec, fresh).to(device())
    kept_weights = {"A": transfer.source, "B": transfer.target}.get(scheme.origin)
    if kept_weights is not None:
        kept = {
            name: torch.tensor(value)
            for name, value in kept_weights.items()
            if _is_kept(name, scheme.kept)
        }
        network.load_state_dict(kept, strict=False)
    return network


def _is_kept(name: str, kept: int) -> bool:
    """Tell whether a weight belongs to the convolutions or the first `kept` layers."""
    part, *rest = name.split(".")
    return part != "layers" or int(rest[0]) < kept
