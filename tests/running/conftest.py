"""Throw-away DVC projects of tiny stages."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil
import pytest
import yaml

ROOT = Path(__file__).parents[2]
GIT = ("git", "-c", "user.name=test", "-c", "user.email=test@example.com")
RUNNER = (sys.executable, "-m", "stages.run")
DVC = (sys.executable, "-m", "dvc")
# The out of a stage is what it depends on, joined. It logs when it begins and ends, and its
# workers.
WORK = """\
import os, sys, time
name, seconds, *needs = sys.argv[1:]
def log(what):
    with open("log.txt", "a") as file:
        file.write(f"{name} {what} {time.time()} {os.environ.get('CAPS_WORKERS')}\\n")
if float(seconds) > 30:  # a training that a test kills
    from stages.recording import end_with_dvc
    end_with_dvc()
log("begins")
time.sleep(float(seconds))
if os.path.exists(f"{name}.fails"):
    sys.exit("this stage fails")
with open(f"{name}.txt", "w") as file:
    file.write("".join(open(f"{need}.txt").read() for need in needs) + name + "\\n")
log("ends")
"""

Graph = Mapping[str, Sequence[str]]
Make = Callable[..., Path]


@pytest.fixture(scope="session")
def empty_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DVC project without stages."""
    folder = tmp_path_factory.mktemp("empty")
    call([*GIT, "init", "-q"], folder)
    call([*DVC, "init", "-q"], folder)
    (folder / "work.py").write_text(WORK)
    (folder / "params.yaml").write_text("size: 1\n")
    call([*GIT, "add", "-A"], folder)
    call([*GIT, "commit", "-qm", "empty"], folder)
    return folder


@pytest.fixture(scope="session")
def make(empty_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Return a function that makes a project of a graph."""

    def made(graph: Graph, seconds: float = 0.0) -> Path:
        folder = tmp_path_factory.mktemp("project") / "project"
        shutil.copytree(empty_project, folder)
        stages = {stage: definition(stage, needs, seconds) for stage, needs in graph.items()}
        (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}, sort_keys=False))
        return folder

    return made


def definition(stage: str, needs: Sequence[str], seconds: float) -> dict:
    """Return a stage as in dvc.yaml."""
    return {
        "cmd": f"{sys.executable} work.py {stage} {seconds} {' '.join(needs)}".strip(),
        "deps": ["work.py", *(f"{need}.txt" for need in needs)],
        "params": ["size"],
        "outs": [f"{stage}.txt"],
    }


def call(words: Sequence[str], folder: Path, status: int = 0) -> str:
    """Run a command in a folder; return what it prints."""
    done = subprocess.run(
        words, cwd=folder, env=environment(), text=True, stdout=-1, stderr=subprocess.STDOUT
    )
    assert done.returncode == status, done.stdout
    return done.stdout


def started(folder: Path, *words: str) -> subprocess.Popen[str]:
    """Start a command in a folder."""
    return subprocess.Popen(
        words, cwd=folder, env=environment(), text=True, stdout=-1, stderr=subprocess.STDOUT
    )


def environment() -> dict[str, str]:
    """Return the environment of a CPU machine on which only this checkout is found."""
    plain = {key: value for key, value in os.environ.items() if not key.startswith("CAPS_")}
    paths = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    return plain | {"PYTHONPATH": paths, "CAPS_DEVICE": "cpu", "COLUMNS": "200"}


def log(folder: Path) -> dict[tuple[str, str], tuple[float, str]]:
    """Return the last time at which each stage began and ended, and its workers."""
    path = folder / "log.txt"
    lines = path.read_text().splitlines() if path.exists() else []
    return {(n, what): (float(at), given) for n, what, at, given in map(str.split, lines)}


def wait_for(folder: Path, stage: str) -> None:
    """Wait until a stage begins."""
    until = time.monotonic() + 60
    while (stage, "begins") not in log(folder):
        assert time.monotonic() < until, f"{stage} has not begun"
        time.sleep(0.05)


def at_work_in(folder: Path) -> list[psutil.Process]:
    """Return the processes whose working directory is a folder."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.cwd() == str(folder) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def wait_until_idle(folder: Path) -> None:
    """Wait until no process works in a folder."""
    until = time.monotonic() + 15
    while left := at_work_in(folder):
        assert time.monotonic() < until, left
        time.sleep(0.05)
