"""Trainings that go on where they stood when their stage was stopped."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from capsnet_study.checkpoints import Checkpoints, checksum_of_code
from capsnet_study.routing.path import routing_path
from capsnet_study.workers import device


@contextmanager
def resumable(stage: str) -> Iterator[Checkpoints]:
    """Keep the trainings of a stage in ``data/checkpoints/<stage>`` until it has ended well."""
    folder = Path("data/checkpoints", stage).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    computed = f"{checksum_of_code()} {device().type} {routing_path(device(), torch.float32)}"
    yield Checkpoints(folder, computed)
    shutil.rmtree(folder, ignore_errors=True)
