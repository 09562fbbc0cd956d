"""A command ends in its exit status: with one line where the user can correct what is wrong."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from capsnet_study.common.devices import device
from capsnet_study.common.errors import StudyError
from capsnet_study.common.workers import parallel_map
from capsnet_study.routing.path import routing_path
from stages.command import run_command
from tests.project import ROOT


@pytest.fixture
def ended_with(monkeypatch):
    """Run a command in this process; return its exit status, or the text that it ends with."""

    def run(main, *arguments):
        monkeypatch.setattr(sys, "argv", ["command", *arguments])
        with pytest.raises(SystemExit) as ended:
            run_command(main)
        return ended.value.code

    return run


def test_the_line_is_all_of_stderr_and_the_status_is_1(workspace):
    (workspace / "params.yaml").unlink()
    command = [sys.executable, "-m", "stages.digits"]
    done = subprocess.run(command, text=True, capture_output=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: params.yaml: no such file\n"


def fails(kind: type[Exception], number: int) -> None:
    raise kind(f"what is wrong with {number}")


@pytest.mark.parametrize("kind", [StudyError, OSError])
def test_what_the_user_can_correct_is_one_line_for_each_task(kind, ended_with):
    def main() -> None:
        parallel_map(fails, [(kind, 0), (kind, 1)])

    expected = f"error: what is wrong with 0\nand {kind.__name__}: what is wrong with 1"
    assert ended_with(main) == expected


def test_a_fault_of_the_code_keeps_its_traceback(ended_with):
    def main() -> None:
        parallel_map(fails, [(KeyError, 0)])

    with pytest.raises(KeyError):
        ended_with(main)


def test_every_stage_runs_so():
    texts = [path.read_text() for path in ROOT.glob("stages/*.py")]
    ends = {text.partition('\nif __name__ == "__main__":\n')[2].strip() for text in texts}
    assert ends - {""} == {"run_command(main)"}


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CAPS_WORKERS", "two"),
        ("CAPS_DEVICE", "gpu"),
        ("CAPS_ROUTING", "quick"),
        ("CAPS_ENGINE", "cluster"),
    ],
)
def test_a_wrong_variable_is_named_with_its_value(variable, value, refused, monkeypatch):
    monkeypatch.setenv(variable, value)

    def main() -> None:
        parallel_map(pow, [(2, 3)])
        routing_path(device(), torch.float32)

    assert f"{variable} = {value!r}" in refused(main)
