"""A command ends in its exit status: with one line where the user can correct what is wrong."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest
import torch

from capsnet_study.common.devices import device
from capsnet_study.common.errors import FileError, ParameterError, StudyError
from capsnet_study.common.workers import parallel_map
from capsnet_study.report.render import OtherVersionError
from capsnet_study.routing.path import routing_path
from capsnet_study.running.cluster import ClusterError
from capsnet_study.training.fit import LossNotFiniteError
from stages.command import run_command
from tests.project import ROOT


@pytest.mark.parametrize(
    "error",
    [
        StudyError("what is wrong"),
        ParameterError("what is wrong"),
        FileError("what is wrong"),
        ClusterError("what is wrong"),
        LossNotFiniteError("what is wrong"),
        OtherVersionError("what is wrong"),
        OSError("what is wrong"),
    ],
)
def test_what_the_user_can_mend_is_told_in_one_line(error, refused):
    def main() -> None:
        raise error

    assert refused(main) == "error: what is wrong"


def test_a_fault_of_the_code_keeps_its_traceback(monkeypatch):
    def main() -> None:
        raise KeyError("no such key")

    monkeypatch.setattr(sys, "argv", ["command"])
    with pytest.raises(KeyError):
        run_command(main)


def diverges(trial: int) -> None:
    raise LossNotFiniteError(f"trial {trial}")


def test_of_several_failed_trials_each_has_a_line(monkeypatch):
    def main() -> None:
        parallel_map(diverges, [(0,), (1,)])

    monkeypatch.setattr(sys, "argv", ["command"])
    with pytest.raises(SystemExit) as ended:
        run_command(main)
    assert ended.value.code == "error: trial 0\nand LossNotFiniteError: trial 1"


def test_the_line_is_all_of_stderr_and_the_status_is_1(workspace):
    (workspace / "params.yaml").unlink()
    command = [sys.executable, "-m", "stages.digits"]
    done = subprocess.run(command, text=True, capture_output=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: params.yaml: no such file\n"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_that_cannot_show_a_character_gets_another(encoding, monkeypatch):
    """As arrows in what the runner prints, and dots in its help."""

    def main() -> None:
        """Turn a → b."""
        print("a → b")

    for arguments in ([], ["--help"]):
        output = io.BytesIO()
        monkeypatch.setattr(sys, "argv", ["command", *arguments])
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(output, encoding=encoding))
        with pytest.raises(SystemExit) as ended:
            run_command(main)
        sys.stdout.flush()
        assert ended.value.code == 0 and b"a ? b" in output.getvalue()


def test_every_command_runs_so():
    paths = [
        path for part in ("stages", "scripts", "benchmarks") for path in ROOT.glob(f"{part}/*.py")
    ]
    ends = [path.read_text().partition('\nif __name__ == "__main__":\n')[2] for path in paths]
    assert {end.strip() for end in ends if "main" in end} == {"run_command(main)"}


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CAPS_WORKERS", "two"),
        ("CAPS_DEVICE", "gpu"),
        ("CAPS_ROUTING", "quick"),
        ("CAPS_ENGINE", "cluster"),
    ],
)
def test_a_wrong_variable_is_named_with_its_value(variable, value, workspace, refused, monkeypatch):
    monkeypatch.setenv(variable, value)

    def main() -> None:
        parallel_map(pow, [(2, 3)])
        routing_path(device(), torch.float32)

    assert f"{variable} = {value!r}" in refused(main)
