"""What the study cost: time and memory of its parts, and the machines that it ran on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from capsnet_study.report.facts import Record

RUNTIME_GROUPS = {
    "data sets": ("digits", "multimnist", "manifold_images", "domains"),
    "sweep": ("sweep", "fitting"),
    "interventions": ("ablations", "yoked", "interventions", "causes"),
    "main model": ("train_capsnet",),
    "activations and maps": (
        "activations",
        "activations_controls",
        "embed",
        "faithfulness",
        "manifold",
    ),
    "transfer": (
        "pretrain_capsnet",
        "pretrain_uniform",
        "pretrain_cnn",
        "transfer_capsnet",
        "transfer_uniform",
        "transfer_cnn",
        "new_splits",
    ),
    "settings": ("settings", "effects"),
    "verdicts and figures": ("claims", "summary", "figures"),
}
"""The stages of dvc.yaml that keep a record, by what the report calls them."""


@dataclass(frozen=True)
class RuntimeGroup:
    """Number of stages, seconds and peak memory (MB) of a part of the pipeline."""

    name: str
    stages: int
    seconds: float
    peak: float


def runtime_groups(runtime: Iterable[Record]) -> list[RuntimeGroup]:
    """Return what each part of the pipeline cost."""
    stages: dict[str, list[Record]] = {name: [] for name in RUNTIME_GROUPS}
    for record in runtime:
        stages[_group_of(record["stage"])].append(record)
    return [
        RuntimeGroup(
            name,
            stages=len(records),
            seconds=sum(record["seconds"] for record in records),
            peak=max(record["peak_memory_mb"] for record in records),
        )
        for name, records in stages.items()
        if records
    ]


def _group_of(stage: str) -> str:
    """Return the group of a stage, such as ``sweep@n3``."""
    for name, stages in RUNTIME_GROUPS.items():
        if stage.partition("@")[0] in stages:
            return name
    raise ValueError(f"stage {stage!r} is in no group of RUNTIME_GROUPS (report/compute.py)")


def hosts(runtime: Iterable[Record]) -> dict[str, list[str]]:
    """Return where the stages ran: each fact with all values that occur."""
    facts = {"CPU": "cpu", "cores": "cores", "device": "device"}
    facts |= {"trials side by side": "workers", "Python": "python"}
    facts |= {"PyTorch": "torch", "NumPy": "numpy", "Numba": "numba"}
    records = list(runtime)
    return {
        name: sorted({str(record[key]) for record in records}) or ["n/a"]
        for name, key in facts.items()
    }
