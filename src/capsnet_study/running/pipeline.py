"""The stages of a pipeline, as DVC sees them."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from dvc.dvcfile import PROJECT_FILE
from dvc.lock import LockNoop
from dvc.logger import set_loggers_level
from dvc.repo import Repo
from dvc.repo.reproduce import collect_stages, get_active_graph, plan_repro
from dvc.stage import Stage

from capsnet_study.running.output import RECORDS, record_path
from capsnet_study.running.schedule import Upstream


@dataclass(frozen=True)
class Pipeline:
    """Stages in an order that DVC could run them in, and what each needs.

    With `allow_missing`, data that is not here counts as what dvc.lock says of it.
    """

    stages: Mapping[str, Stage]
    upstream: Upstream
    allow_missing: bool = False


def read_pipeline(targets: Sequence[str] = (), allow_missing: bool = False) -> Pipeline:
    """Return the targets, or all of ``dvc.yaml``, with their upstream."""
    with set_loggers_level(logging.CRITICAL):
        repo = Repo()
        wanted = collect_stages(repo, targets or [PROJECT_FILE])
        graph = get_active_graph(repo.index.graph)
        plan = plan_repro(graph, wanted)
    # Nothing is written here, and no other process writes what `has_changed` reads.
    repo.lock = LockNoop()
    repo.lock.lock()
    names = {stage: stage.addressing for stage in plan}
    upstream = {
        name: frozenset(names[needed] for needed in graph.successors(stage))
        for stage, name in names.items()
    }
    return Pipeline({name: stage for stage, name in names.items()}, upstream, allow_missing)


def has_changed(stage: Stage, allow_missing: bool = False) -> bool:
    """Return whether ``dvc repro`` would run a stage whose upstream has ended; true in doubt.

    DVC itself reads the records of dvc.lock once, before its first stage: that of a stage is only
    written when the stage itself has run. Files are looked at anew each time.
    """
    try:
        with set_loggers_level(logging.CRITICAL):  # nor does it draw bars
            return stage.changed(allow_missing=allow_missing)
    except Exception:  # what is wrong is told by the process that is started then
        return True


def known_seconds(stages: Iterable[str], folder: str | Path = RECORDS) -> dict[str, float]:
    """Return what stages took when they last ran, as far as they have told."""
    known = {}
    for stage in stages:
        with suppress(OSError, ValueError, KeyError, TypeError):
            known[stage] = float(json.loads(record_path(stage, folder).read_text())["seconds"])
    return known
