"""A stage that is killed continues where it stopped, and ends in the same bytes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.pipeline.conftest import copy_project, run, tiny_params

pytestmark = pytest.mark.slow

STAGE = (sys.executable, "-m", "stages.arm", "sweep", "n6_fitness")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny copy of the project with its images, and two trials of an arm that take seconds."""
    params = tiny_params()
    params["train"] |= {"trials": 2, "epochs": 12}
    folder = copy_project(tmp_path_factory.mktemp("killed"), params)
    for stage in ("digits", "multimnist"):
        run(sys.executable, "-m", f"stages.{stage}", cwd=folder)
    return folder


def kill_after(folder: Path, seconds: float, **environment: str) -> None:
    """Start the stage; kill it and its workers so long after its next checkpoint."""
    saved = folder / "data/checkpoints"
    before = newest(saved)
    stage = subprocess.Popen(
        STAGE,
        cwd=folder,
        env=os.environ | environment,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    while newest(saved) == before:
        assert stage.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    time.sleep(seconds)
    os.killpg(stage.pid, signal.SIGKILL)
    assert stage.wait() == -signal.SIGKILL


def newest(folder: Path) -> int:
    return max((path.stat().st_mtime_ns for path in folder.rglob("*.safetensors")), default=0)


def test_a_killed_stage_ends_in_the_bytes_of_an_undisturbed_one(project: Path):
    table = project / "data/sweep/n6_fitness.csv"
    run(*STAGE, cwd=project, CAPS_WORKERS="1")
    undisturbed = table.read_bytes()
    for workers in ("1", "2"):
        table.unlink()
        for seconds in np.random.default_rng(int(workers)).uniform(0, 0.3, size=2):
            kill_after(project, seconds, CAPS_WORKERS=workers)
            assert not table.exists()
        run(*STAGE, cwd=project, CAPS_WORKERS=workers)
        assert table.read_bytes() == undisturbed
        assert not (project / "data/checkpoints/sweep@n6_fitness").exists()
