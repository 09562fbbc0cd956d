"""A runner that is stopped or killed leaves nothing at work."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from capsnet_study.running.runner import stop
from tests.running.conftest import DVC, RUNNER, Make, call, started, wait_for

LONG = 600.0


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


@pytest.mark.slow
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


@pytest.mark.slow
def test_a_hang_up_that_is_ignored_stops_nothing(make: Make) -> None:
    folder = make({"a": []}, seconds=2.0)
    with started(folder, "nohup", *RUNNER) as process:
        wait_for(folder, "a")
        for one in at_work_in(folder):
            one.send_signal(signal.SIGHUP)
        assert "1 of 1 stages ran" in process.communicate(timeout=60)[0]


@pytest.mark.slow
@pytest.mark.parametrize("command", [RUNNER, (*DVC, "repro")])
def test_when_it_or_dvc_alone_is_killed_its_stages_end(
    make: Make, command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if command != RUNNER:  # a shell that stays between DVC and the stage
        shell = tmp_path / "sh"
        shell.write_text('#!/bin/sh\n/bin/sh "$@"\nexit $?\n')
        shell.chmod(0o755)
        monkeypatch.setenv("SHELL", str(shell))
    folder = make({"a": []}, seconds=LONG)
    with started(folder, *command) as process:
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
