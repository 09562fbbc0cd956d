"""Trainings that go on where they stood when their stage was stopped."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from capsnet_study.checkpoints import Checkpoints, checksum_of_code


@contextmanager
def resumable(stage: str) -> Iterator[Checkpoints]:
    """Keep the trainings of a stage in ``data/checkpoints/<stage>`` until it has ended well."""
    folder = Path("data/checkpoints", stage).resolve()
    yield Checkpoints(folder, checksum_of_code())
    shutil.rmtree(folder, ignore_errors=True)
