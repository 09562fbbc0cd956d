"""A runner that is stopped or killed leaves nothing at work."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from capsnet_study.running.runner import stop
from tests.running.conftest import (
    DVC,
    RUNNER,
    Make,
    at_work_in,
    call,
    started,
    wait_for,
    wait_until_idle,
)

LONG = 600.0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_what_runs(make: Make, number: signal.Signals) -> None:
    folder = make({"a": [], "b": []}, seconds=LONG)
    with started(folder, *RUNNER, "--jobs", "1") as process:
        wait_for(folder, "a")
        assert f"another runner is at work here: process {process.pid}" in call(RUNNER, folder, 1)
        process.send_signal(number)
        printed = process.communicate(timeout=30)[0]
    assert process.returncode == 128 + number
    assert not at_work_in(folder)
    assert "stopped: a" in printed and "not run: b" in printed and "FAILED" not in printed


def test_a_hang_up_that_is_ignored_stops_nothing(make: Make) -> None:
    folder = make({"a": []}, seconds=2.0)
    with started(folder, "nohup", *RUNNER) as process:
        wait_for(folder, "a")
        for one in at_work_in(folder):
            one.send_signal(signal.SIGHUP)
        assert "1 of 1 stages ran" in process.communicate(timeout=60)[0]


def test_when_the_runner_is_killed_its_stages_end(make: Make) -> None:
    folder = make({"a": []}, seconds=LONG)
    with started(folder, *RUNNER) as process:
        wait_for(folder, "a")
        process.kill()
    wait_until_idle(folder)


@pytest.mark.parametrize("shell", ["/bin/sh", "a shell that stays"])
def test_when_dvc_alone_is_killed_its_stage_ends(
    make: Make, shell: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shell != "/bin/sh":
        shell = str(tmp_path / "sh")
        Path(shell).write_text('#!/bin/sh\n/bin/sh "$@"\nexit $?\n')
        Path(shell).chmod(0o755)
    monkeypatch.setenv("SHELL", shell)
    folder = make({"a": []}, seconds=LONG)
    with started(folder, *DVC, "repro") as process:
        wait_for(folder, "a")
        process.kill()
    wait_until_idle(folder)


def test_a_second_signal_kills_what_does_not_end() -> None:
    command = "trap '' TERM; sleep 600 & wait; wait"
    process = subprocess.Popen(["sh", "-c", command], start_new_session=True)
    began = time.monotonic()
    stop([process], [signal.SIGINT, signal.SIGINT])
    assert process.returncode == -signal.SIGKILL and time.monotonic() - began < 5


def test_dvc_itself_is_not_signalled() -> None:
    command = "trap 'exit 9' TERM; sleep 600; exit 3"  # it ends because its command has ended
    process = subprocess.Popen(["sh", "-c", command], start_new_session=True)
    while not psutil.Process(process.pid).children():
        time.sleep(0.01)
    stop([process], [signal.SIGINT])
    assert process.returncode == 3
