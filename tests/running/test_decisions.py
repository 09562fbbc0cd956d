"""The runner starts no process for a stage that `dvc repro` would skip, and one for any other."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from dvc.repo import Repo

from capsnet_study.running.pipeline import has_changed, known_seconds, read_pipeline
from tests.running.conftest import Make, command, dvc

GRAPH = {"a": [], "b": ["a"], "c": ["b"]}
CHANGES: dict[str, Callable[[Path], object]] = {
    "nothing": lambda folder: None,
    "a touched dependency": lambda folder: (folder / "a.txt").touch(),
    "a dependency": lambda folder: (folder / "a.txt").write_text("other\n"),
    "an out that is gone": lambda folder: (folder / "b.txt").unlink(),
    "an out that was edited": lambda folder: (folder / "c.txt").write_text("other\n"),
    "a parameter": lambda folder: (folder / "params.yaml").write_text("size: 2\n"),
    "a command": lambda folder: replace(folder / "dvc.yaml", "work.py c 0.0", "work.py c 0.00"),
    "no records": lambda folder: (folder / "dvc.lock").unlink(),
    "no dependency": lambda folder: (folder / "work.py").unlink(),
}


def replace(path: Path, old: str, new: str) -> None:
    """Replace a text in a file."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_it_decides_as_dvc_does(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make(GRAPH)
    dvc(folder, "repro", "--quiet")
    monkeypatch.chdir(folder)
    kept = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    for name, change in CHANGES.items():
        change(folder)
        stages = read_pipeline().stages
        assert {s for s in stages if has_changed(stages[s])} == set(Repo().status()), name
        for path, content in kept.items():
            path.write_bytes(content)


def test_what_changes_after_the_pipeline_was_read_is_noticed(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make(GRAPH)
    dvc(folder, "repro", "--quiet")
    monkeypatch.chdir(folder)
    pipeline = read_pipeline(["c"])
    assert pipeline.upstream == {"a": frozenset(), "b": frozenset("a"), "c": frozenset("b")}
    assert not has_changed(pipeline.stages["c"])
    (folder / "b.txt").write_text("what the run of b made of it\n")
    assert has_changed(pipeline.stages["c"]) and not has_changed(pipeline.stages["a"])


def test_deciding_starts_no_thread_as_processes_are_forked(make: Make) -> None:
    code = (
        "import threading\n"
        "from capsnet_study.running import runner\n"
        "from capsnet_study.running.pipeline import has_changed, read_pipeline\n"
        "assert all(map(has_changed, read_pipeline().stages.values()))\n"
        "assert threading.active_count() == 1, threading.enumerate()\n"
    )
    command([sys.executable, "-c", f"import stages\n{code}"], make(GRAPH))


def test_seconds_of_earlier_runs_are_known(tmp_path: Path) -> None:
    (tmp_path / "sweep_n1.json").write_text(json.dumps({"seconds": 7.5}))
    (tmp_path / "b.json").write_text("{")
    assert known_seconds(["sweep@n1", "b", "c"], tmp_path) == {"sweep@n1": 7.5}
