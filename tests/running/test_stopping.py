"""A runner that is killed leaves nothing behind; it waits for others, and says for whom."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from capsnet_study.running.locks import foreign_holder
from tests.running.conftest import (
    GRAPH,
    UP_TO_DATE,
    Make,
    dvc,
    environment,
    outs,
    runner,
    started,
    told,
    wait_until,
)


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


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_runner_that_is_stopped_leaves_nothing_behind(make: Make, number: signal.Signals) -> None:
    folder = make(GRAPH, seconds=1.0)
    with started(folder, "--jobs", "2") as process:
        wait_until(folder, "b")
        assert len(at_work_in(folder)) > 2
        process.send_signal(number)
        printed = process.communicate(timeout=30)[0]
    if number == signal.SIGINT:
        assert process.returncode == 130 and "stopped while they ran: " in printed
        assert "FAILED" not in printed and not at_work_in(folder)

    printed = runner(folder, "--jobs", "4")  # begins when all of the killed one has ended

    assert "FAILED" not in printed and len(outs(folder)) == 7
    assert [name for name, what, *_ in told(folder) if what == "ended"].count("a") == 1
    assert UP_TO_DATE in dvc(folder, "status")


def test_two_runners_exclude_each_other(make: Make) -> None:
    folder = make({"a": []}, seconds=8.0)
    with started(folder) as process:
        wait_until(folder, "a")
        assert f"another runner is at work here: process {process.pid}" in runner(
            folder, fails=True
        )
        process.terminate()
        process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGTERM


def test_who_holds_the_lock_of_dvc_is_named(make: Make) -> None:
    folder = make({"a": []})
    lock = folder / ".dvc/tmp/lock"
    holder = "import fcntl,sys; f=open(sys.argv[1],'r+'); fcntl.flock(f, fcntl.LOCK_EX); input()"
    lock.write_text("0\n")
    with subprocess.Popen(
        [sys.executable, "-c", holder, lock], stdin=subprocess.PIPE, text=True
    ) as other:
        lock.write_text(f"{other.pid}\n")
        with started(folder) as process:
            assert process.stdout is not None
            line = next(line for line in process.stdout if "lock is held by" in line)
            assert f"process {other.pid}" in line
            other.communicate("\n")
            assert "1 of 1 stages ran" in process.communicate(timeout=60)[0]


def test_a_stage_that_another_dvc_runs_is_waited_for(make: Make) -> None:
    folder = make({"a": []}, seconds=5.0)
    command = [sys.executable, "-m", "dvc", "repro", "a"]
    with subprocess.Popen(command, cwd=folder, env=environment()) as other:
        wait_until(folder, "a")
        printed = runner(folder)
        assert other.wait() == 0
    assert "another DVC is in the way" in printed and "FAILED" not in printed
    assert len([line for line in told(folder) if line[1] == "ended"]) == 1


def test_a_free_lock_has_no_holder(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    assert foreign_holder(lock, []) is None
    lock.write_text(f" {os.getpid()}\n")
    assert foreign_holder(lock, []) is None
    with lock.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert str(os.getpid()) in str(foreign_holder(lock, []))
        assert foreign_holder(lock, [os.getpid()]) is None
