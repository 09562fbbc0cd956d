"""What running stages side by side saves: real stages, one after the other and with the runner.

``python -m benchmarks.stages`` works in a copy of the last commit, takes about half an hour on two
cores that have nothing else to do, and writes ``benchmarks/results/stages.json``. It needs MNIST.
"""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from stages.command import run_command

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks/results/stages.json"
ARMS = [f"sweep@{arm}" for arm in ("n1", "n2", "n3", "n5")]


class Part(StrEnum):
    """What can be timed."""

    ARMS = "arms"
    QUICK_RUN = "quick run"


Parts = Annotated[list[Part], typer.Argument(help="What to time.")]
SERIAL = (sys.executable, "-m", "dvc", "repro", "--quiet")
RUNNER = (sys.executable, "-m", "stages.run")


def main(parts: Parts = [*Part], out: Path = RESULTS) -> None:  # noqa: B006
    """Time full-size arms of one epoch, or the quick run, both ways, and write it down."""
    cases = {Part.ARMS: (one_epoch, ARMS, "multimnist"), Part.QUICK_RUN: (quick, [], "digits")}
    known = json.loads(out.read_text()) if out.exists() else {}
    machine = {"cores": os.cpu_count(), "python": platform.python_version()}
    facts = known | machine | {part: both(*cases[part]) for part in parts}
    out.write_text(json.dumps(facts, indent=2) + "\n")
    print(json.dumps(facts, indent=2))


def both(parameters: Callable[[Path], str], targets: Sequence[str], first: str) -> dict:
    """Return the seconds of the targets one after the other and side by side.

    The stage `first` runs before the clock starts, so that both begin with the same files.
    """
    found: dict = {"targets": list(targets) or "all"}
    for name, words in {"one after the other": SERIAL, "side by side": RUNNER}.items():
        with tempfile.TemporaryDirectory() as made:
            project = Path(made) / "copy"
            run(["git", "clone", "--quiet", str(ROOT), str(project)], ROOT)
            (project / "params.yaml").write_text(parameters(project))
            run([*SERIAL, first], project)
            began = time.monotonic()
            run([*words, *targets], project)
            found[name] = round(time.monotonic() - began, 1)
            print(name, found[name], flush=True)
    found["times as fast"] = round(found["one after the other"] / found["side by side"], 2)
    return found


def one_epoch(project: Path) -> str:
    """Return the parameters of the study with trainings of one epoch."""
    text = (project / "params.yaml").read_text(encoding="utf-8")
    return re.sub(r"^  epochs: \d+", "  epochs: 1", text, flags=re.MULTILINE)


def quick(project: Path) -> str:
    """Return the parameters of the quick run."""
    return (project / "quick.yaml").read_text(encoding="utf-8")


def run(words: Sequence[str], folder: Path) -> None:
    """Run a command and stop where it fails."""
    done = subprocess.run(
        words, cwd=folder, env=environment(folder), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert done.returncode == 0, done.stdout.decode()


def environment(folder: Path) -> Mapping[str, str]:
    """Return an environment in which the copy's code runs, on two cores, without a cluster."""
    plain = {key: value for key, value in os.environ.items() if not key.startswith("CAPS_")}
    if "MNIST_DIR" in plain:
        plain["MNIST_DIR"] = str(Path(plain["MNIST_DIR"]).resolve())
    path = os.pathsep.join([str(folder), str(folder / "src")])
    return plain | {"PYTHONPATH": path, "CAPS_DEVICE": "cpu", "DVC_NO_ANALYTICS": "1"}


if __name__ == "__main__":
    run_command(main)
