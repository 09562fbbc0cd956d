"""A checkout uses its own code, whatever is installed, and sets itself up in a clone only."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project import ROOT, copy

SHOW = """\
import capsnet_study

def test_code():
    print(capsnet_study.__file__)

test_code()
"""
COMMANDS = [("-m", "stages.show"), ("-m", "pytest", "-q", "-s", "tests")]


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """Another checkout: a copy of what commands begin with, and some that show whose code runs."""
    copy(tmp_path, "pyproject.toml", "src", "stages/__init__.py")
    (tmp_path / "stages/show.py").write_text(SHOW)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_show.py").write_text(SHOW)
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS)
def test_a_second_checkout_runs_its_own_code(command: tuple[str, ...], other: Path) -> None:
    """The environment is that of this checkout: its code is installed, or on the path."""
    done = subprocess.run([sys.executable, *command], cwd=other, text=True, capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert str(other / "src/capsnet_study/__init__.py") in done.stdout


def test_processes_that_tests_start_run_the_code_of_this_checkout(tmp_path: Path) -> None:
    code = "import capsnet_study, stages; print(capsnet_study.__file__, stages.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, text=True, capture_output=True
    )
    expected = (ROOT / "src/capsnet_study/__init__.py", ROOT / "stages/__init__.py")
    assert done.stdout.split() == [str(path) for path in expected]


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")
def test_a_folder_that_is_no_clone_is_refused_before_anything_is_installed(tmp_path: Path) -> None:
    copy(tmp_path, "Makefile", "pyproject.toml", "constraints.txt")
    command = ["make", "test", "PYTHON=false"]  # which would be asked for an environment
    done = subprocess.run(command, cwd=tmp_path, text=True, capture_output=True)
    assert done.returncode != 0 and "git clone" in done.stderr
    assert not (tmp_path / ".venv").exists()
