"""Throw-away DVC projects of tiny stages."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
GIT = ("git", "-c", "user.name=test", "-c", "user.email=test@example.com")
# A stage: what it needs, joined, is its out. It tells when it began and ended, and its workers.
WORK = """\
import os, sys, time
name, seconds, *needs = sys.argv[1:]
def tell(what):
    with open("told.txt", "a") as file:
        file.write(f"{name} {what} {time.time()} {os.environ.get('CAPS_WORKERS')}\\n")
tell("begun")
time.sleep(float(seconds))
if os.path.exists(f"{name}.fails"):
    sys.exit("it fails as it was told to")
with open(f"{name}.txt", "w") as file:
    file.write("".join(open(f"{need}.txt").read() for need in needs) + name + "\\n")
tell("ended")
"""

GRAPH = {"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"], "e": [], "f": ["e"], "g": ["d", "f"]}
UP_TO_DATE = "Data and pipelines are up to date."

Graph = Mapping[str, Sequence[str]]
Make = Callable[..., Path]


@pytest.fixture(scope="session")
def empty_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DVC project without stages."""
    folder = tmp_path_factory.mktemp("empty")
    command([*GIT, "init", "-q"], folder)
    command([sys.executable, "-m", "dvc", "init", "-q"], folder)
    (folder / "work.py").write_text(WORK)
    (folder / "params.yaml").write_text("size: 1\n")
    command([*GIT, "add", "-A"], folder)
    command([*GIT, "commit", "-qm", "empty"], folder)
    return folder


@pytest.fixture
def make(empty_project: Path, tmp_path: Path) -> Make:
    """Return what makes a project of a graph."""

    def made(graph: Graph, seconds: float = 0.0, name: str = "project") -> Path:
        folder = shutil.copytree(empty_project, tmp_path / name)
        stages = {stage: described(stage, needs, seconds) for stage, needs in graph.items()}
        (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}, sort_keys=False))
        return folder

    return made


def described(stage: str, needs: Sequence[str], seconds: float) -> dict:
    """Return a stage as dvc.yaml describes it."""
    words = [sys.executable, "-S", "work.py", stage, str(seconds), *needs]
    return {
        "cmd": " ".join(words),
        "deps": ["work.py", *(f"{need}.txt" for need in needs)],
        "params": ["size"],
        "outs": [f"{stage}.txt"],
    }


def command(words: Sequence[str], folder: Path, fails: bool = False) -> str:
    """Run a command in a folder; return what it printed."""
    done = subprocess.run(words, cwd=folder, env=environment(), capture_output=True, text=True)
    told = done.stdout + done.stderr
    assert bool(done.returncode) == fails, told
    return told


def dvc(folder: Path, *words: str) -> str:
    """Run DVC in a folder."""
    return command([sys.executable, "-m", "dvc", *words], folder)


def runner(folder: Path, *words: str, fails: bool = False) -> str:
    """Run the runner in a folder."""
    return command([sys.executable, "-m", "stages.run", *words], folder, fails)


def started(folder: Path, *words: str) -> subprocess.Popen[str]:
    """Start the runner in a folder."""
    return subprocess.Popen(
        [sys.executable, "-m", "stages.run", *words],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def environment() -> dict[str, str]:
    """Return the environment of a CPU machine on which only this checkout is at hand."""
    plain = {key: value for key, value in os.environ.items() if not key.startswith("CAPS_")}
    more = {"CAPS_DEVICE": "cpu", "COLUMNS": "200", "DVC_NO_ANALYTICS": "1"}
    return plain | {"PYTHONPATH": str(ROOT)} | more


def told(folder: Path) -> list[list[str]]:
    """Return what the stages told: name, begun or ended, when, workers."""
    path = folder / "told.txt"
    return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


def outs(folder: Path) -> dict:
    """Return the hashes that dvc.lock records."""
    stages = yaml.safe_load((folder / "dvc.lock").read_text())["stages"]
    return {name: stage["outs"] for name, stage in stages.items()}


def wait_until(folder: Path, stage: str, what: str = "begun") -> None:
    """Wait for a stage to tell something."""
    until = time.monotonic() + 60
    while not any(line[:2] == [stage, what] for line in told(folder)):
        assert time.monotonic() < until, f"{stage} has not {what}"
        time.sleep(0.05)
