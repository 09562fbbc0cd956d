"""Stages run after what they need, never too many at once, and a failure stops what is below it."""

from __future__ import annotations

import random
from collections.abc import Mapping
from multiprocessing import Process
from pathlib import Path
from unittest.mock import patch

from dvc.stage import Stage
from hypothesis import given, settings
from hypothesis import strategies as st

from capsnet_study.running import runner
from capsnet_study.running.children import Child
from capsnet_study.running.pipeline import Pipeline
from capsnet_study.running.schedule import (
    below,
    chains,
    lend,
    ready,
    seconds_left,
    with_guesses,
)

NAMES = [f"s{i}" for i in range(9)]
DIAMOND = {
    "a": frozenset(),
    "b": frozenset("a"),
    "c": frozenset("a"),
    "d": frozenset("bc"),
    "e": frozenset(),
}


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, frozenset[str]]:
    """Draw a graph without cycles: a stage needs some of those before it."""
    names = NAMES[: draw(st.integers(1, len(NAMES)))]
    some = {
        name: draw(st.sets(st.sampled_from(names[:i]))) if i else set()
        for i, name in enumerate(names)
    }
    shuffled = draw(st.permutations(names))
    return {name: frozenset(some[name]) for name in shuffled}


def test_ready_is_what_has_all_it_needs() -> None:
    assert ready(DIAMOND, ended=[], begun=[]) == ["a", "e"]
    assert ready(DIAMOND, ended=["a"], begun=["a", "e"]) == ["b", "c"]
    assert ready(DIAMOND, ended=["a", "b"], begun=["a", "b", "c", "e"]) == []
    assert ready(DIAMOND, ended=list("abc"), begun=list("abc")) == ["d", "e"]


def test_the_longest_chain_is_the_most_urgent() -> None:
    seconds = {"a": 1.0, "b": 5.0, "c": 1.0, "d": 2.0, "e": 4.0}
    assert chains(DIAMOND, seconds) == {"a": 8.0, "b": 7.0, "c": 3.0, "d": 2.0, "e": 4.0}


def test_time_left_is_the_longest_chain_or_all_work_on_all_jobs() -> None:
    seconds = {"a": 1.0, "b": 5.0, "c": 1.0, "d": 2.0, "e": 4.0}
    assert seconds_left(DIAMOND, seconds, jobs=4) == 8.0
    assert seconds_left(DIAMOND, seconds, jobs=1) == 13.0
    assert seconds_left(DIAMOND, {"d": 0.5, "e": 4.0}, jobs=4) == 4.0
    assert seconds_left(DIAMOND, {}, jobs=4) == 0.0


def test_unknown_seconds_are_the_mean_of_the_known() -> None:
    assert with_guesses("ab", {"a": 3.0, "x": 9.0}) == {"a": 3.0, "b": 3.0}
    assert with_guesses("ab", {}) == {"a": 1.0, "b": 1.0}


@given(jobs=st.integers(1, 64), waiting=st.integers(1, 80))
def test_lent_workers_are_shared_out_and_none_is_left(jobs: int, waiting: int) -> None:
    lent: list[int] = []
    for left in range(min(jobs, waiting), 0, -1):
        lent.append(lend(jobs, sum(lent), left))
    assert sum(lent) == jobs and min(lent) >= 1 and max(lent) - min(lent) <= 1


@given(graph=graphs(), data=st.data())
def test_below_is_what_cannot_run_without(graph: dict[str, frozenset[str]], data) -> None:
    cut = data.draw(st.sets(st.sampled_from(sorted(graph)), min_size=1))
    reached: set[str] = set()
    while more := [s for s in ready(graph, reached, reached) if s not in cut]:
        reached |= set(more)
    assert below(graph, cut) - cut == graph.keys() - reached - cut


@settings(max_examples=150)
@given(graphs(), st.integers(1, 4), st.sets(st.sampled_from(NAMES)), st.integers(0, 2**32))
def test_a_run_keeps_to_the_graph(
    graph: dict[str, frozenset[str]], jobs: int, bad: set[str], seed: int
) -> None:
    rng = random.Random(seed)
    unchanged = {name for name in graph if rng.random() < 0.2}
    began: list[str] = []
    running: set[str] = set()
    ended: set[str] = set()

    def begin(
        stage: str, workers: int, log: Path, environment: Mapping[str, str], options: list[str]
    ) -> Child:
        assert graph[stage] <= ended | unchanged and stage not in began
        began.append(stage)
        running.add(stage)
        assert len(running) <= jobs and 1 <= workers <= jobs
        return Child(stage, workers, log, 0.0, Process())

    def result(child: Child) -> int | None:
        if rng.random() < 0.5:
            return None
        running.discard(child.stage)
        if child.stage not in bad:
            ended.add(child.stage)
        return int(child.stage in bad)

    fakes = {
        "begin": begin,
        "result": result,
        "has_changed": lambda stage, allow_missing: stage.path not in unchanged,
        "stop": lambda children, hurry: None,
        "wait_for_any": lambda children, seconds: None,
        "foreign_holder": lambda path, ours: None,
        "keep_lock": lambda: True,
    }
    with patch.multiple(runner, **fakes):
        run = runner.run_pipeline(pipeline_of(graph), jobs, True, lambda run, news: None)
    failed = bad & set(began)
    assert set(run.failed) == failed
    assert set(run.not_run) == below(graph, failed)
    assert run.ended == graph.keys() - failed - below(graph, failed)
    assert set(began) == (run.ended - unchanged) | failed


def test_nothing_begins_once_it_was_told_to_stop() -> None:
    pipeline = pipeline_of({"a": frozenset()})
    run = runner.run_pipeline(pipeline, 1, True, lambda run, news: None, stopped=[2])
    assert not run.ran and not run.failed


def pipeline_of(graph: Mapping[str, frozenset[str]]) -> Pipeline:
    """Return a pipeline of stages that nobody asks anything but their names."""
    return Pipeline({name: Stage(None, name) for name in graph}, graph)
