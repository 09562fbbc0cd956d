"""The file of domain splits."""

from __future__ import annotations

from dataclasses import asdict

from capsnet_study.data.domains import DomainSplit
from capsnet_study.storage import read_json, write_json

PATH = "data/domains.json"


def write_domains(splits: list[DomainSplit]) -> None:
    """Write the digit pairs of both sides of each split."""
    write_json(PATH, [asdict(split) for split in splits])


def read_domains() -> list[DomainSplit]:
    """Return the splits in their order."""
    return [
        DomainSplit(*([(low, high) for low, high in split[side]] for side in ("a", "b")))
        for split in read_json(PATH)
    ]
