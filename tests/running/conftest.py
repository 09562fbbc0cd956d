"""Throw-away DVC projects of tiny stages."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
import yaml

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
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Return a function that makes a project of a graph."""
    empty = tmp_path_factory.mktemp("empty")
    call([*GIT, "init", "-q"], empty)
    call([*DVC, "init", "-q"], empty)
    (empty / "work.py").write_text(WORK)
    call([*GIT, "add", "-A"], empty)
    call([*GIT, "commit", "-qm", "empty"], empty)

    def made(graph: Graph, seconds: float = 0.0) -> Path:
        folder = tmp_path_factory.mktemp("project") / "project"
        shutil.copytree(empty, folder)
        stages = {stage: definition(stage, needs, seconds) for stage, needs in graph.items()}
        (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}, sort_keys=False))
        return folder

    return made


def definition(stage: str, needs: Sequence[str], seconds: float) -> dict:
    """Return a stage as in dvc.yaml."""
    return {
        "cmd": f"{sys.executable} work.py {stage} {seconds} {' '.join(needs)}".strip(),
        "deps": ["work.py", *(f"{need}.txt" for need in needs)],
        "outs": [f"{stage}.txt"],
    }


def call(words: Sequence[str], folder: Path, status: int = 0) -> str:
    """Run a command in a folder; return what it prints."""
    with started(folder, *words) as process:
        printed = process.communicate()[0]
    assert process.returncode == status, printed
    return printed


def started(folder: Path, *words: str) -> subprocess.Popen[str]:
    """Start a command in a folder, with the environment of a CPU machine.

    It heeds SIGINT, even if these tests themselves run in the background of a shell.
    """
    plain = {key: value for key, value in os.environ.items() if not key.startswith("CAPS_")}
    environment = plain | {"CAPS_DEVICE": "cpu", "COLUMNS": "200"}
    return subprocess.Popen(
        words,
        cwd=folder,
        env=environment,
        text=True,
        stdout=-1,
        stderr=subprocess.STDOUT,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


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
