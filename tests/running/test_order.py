"""Stages run after what they depend on, never too many at once; a failure stops what follows."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

from dvc.stage import Stage
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from capsnet_study.running import runner
from capsnet_study.running.runner import Event, Options, run_stages

NAMES = [f"s{number}" for number in range(9)]


class FakeStage(Stage):
    """A stage that is not run."""

    __hash__, __eq__ = object.__hash__, object.__eq__

    def __init__(self, name: str, changes: bool = True):
        self.name, self.changes = name, changes
        self.repo = SimpleNamespace(lock=nullcontext())

    @property
    def addressing(self) -> str:
        return self.name

    def changed(self, allow_missing: bool = False, upstream: list | None = None) -> bool:
        return self.changes


class FakeProcess(subprocess.Popen):
    """A process that ends with this status, at once or after some checks."""

    def __init__(self, status: int = 0, ends: Callable[[], bool] = lambda: True):
        self.returncode, self.ends = status, ends

    def poll(self) -> int | None:
        return self.returncode if self.ends() else None


Graph = dict[FakeStage, list[FakeStage]]


def events_of(graph: Graph, options: Options, folder: Path, popen: Callable) -> list[Event]:
    """Return what happens in a run whose processes are fake."""
    fakes = {"FOLDER": folder, "TICK": 0.0, "stop": lambda processes, signals: None}
    with patch.multiple(runner, **fakes), patch.object(runner.subprocess, "Popen", popen):
        return list(run_stages(graph, options, []))


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Draw a graph without cycles: a stage depends on some of those before it."""
    stages = [FakeStage(name, draw(st.booleans())) for name in NAMES[: draw(st.integers(1, 9))]]
    return {
        stage: draw(st.lists(st.sampled_from(stages[:at]), unique_by=id)) if at else []
        for at, stage in enumerate(stages)
    }


def expected(graph: Graph, failing: set[str]) -> dict[str, str]:
    """Return the last event of each stage that does not depend on one that fails."""
    last: dict[str, str] = {}
    for stage, needs in graph.items():
        if all(last.get(need.name) in ("unchanged", "finished") for need in needs):
            ran = "failed" if stage.name in failing else "finished"
            last[stage.name] = ran if stage.changes else "unchanged"
    return last


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(graphs(), st.integers(1, 4), st.sets(st.sampled_from(NAMES)), st.randoms())
def test_a_run_keeps_to_the_graph(
    tmp_path: Path, graph: Graph, jobs: int, failing: set[str], rng: random.Random
) -> None:
    def popen(command: list[str], **_: object) -> FakeProcess:
        return FakeProcess(int(command[-1] in failing), lambda: rng.random() < 0.5)

    last: dict[str, str] = {}
    needs = {stage.name: [need.name for need in some] for stage, some in graph.items()}
    for stage, what in events_of(graph, Options(jobs, 8, False), tmp_path, popen):
        if what in ("unchanged", "started"):
            assert all(last[need] in ("unchanged", "finished") for need in needs[stage])
            assert stage not in last
        last[stage] = what
        assert list(last.values()).count("started") <= jobs
    assert last == expected(graph, failing)


def test_stages_start_in_the_order_of_dvc_yaml(tmp_path: Path) -> None:
    a, b, c, d = map(FakeStage, "abcd")
    graph = {a: [], b: [c], c: [], d: []}  # b has to wait for c, and then precedes d
    events = events_of(graph, Options(1, 1, False), tmp_path, lambda *_, **__: FakeProcess())
    assert [stage for stage, what in events if what == "started"] == ["a", "c", "b", "d"]
