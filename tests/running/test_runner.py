"""The runner, in small DVC projects: as `dvc repro` would, but side by side, and after any kill."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import yaml

from capsnet_study.running.lockfile import KEPT, LOCK
from tests.running.conftest import Make, dvc, environment, runner, started, told

GRAPH = {"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"], "e": [], "f": ["e"], "g": ["d", "f"]}
UP_TO_DATE = "Data and pipelines are up to date."


def outs(folder: Path) -> dict:
    """Return the hashes that dvc.lock records."""
    stages = yaml.safe_load((folder / LOCK).read_text())["stages"]
    return {name: stage["outs"] for name, stage in stages.items()}


def wait_until(folder: Path, stage: str, what: str = "begun") -> None:
    """Wait for a stage to tell something."""
    until = time.monotonic() + 60
    while not any(line[:2] == [stage, what] for line in told(folder)):
        assert time.monotonic() < until, f"{stage} has not {what}"
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


def test_it_ends_as_dvc_repro_does(make: Make) -> None:
    serial, parallel = make(GRAPH, name="serial"), make(GRAPH, seconds=0.6, name="parallel")
    dvc(serial, "repro")

    printed = runner(parallel, "--jobs", "3")

    assert outs(parallel) == outs(serial)
    assert "7 of 7 stages ran" in printed
    assert UP_TO_DATE in dvc(parallel, "status")
    assert "Running stage" not in dvc(parallel, "repro")
    assert "0 of 7 stages ran" in runner(parallel) and "7 were up to date" in runner(parallel)
    assert (parallel / KEPT).read_text() == (parallel / LOCK).read_text()

    when = {(name, what): float(at) for name, what, at, _ in told(parallel)}
    assert all(when[need, "ended"] < when[s, "begun"] for s, ns in GRAPH.items() for need in ns)
    at_once = [
        sum(when[s, "begun"] <= at < when[s, "ended"] for s in GRAPH) for at in when.values()
    ]
    assert 2 <= max(at_once) <= 3
    workers = {name: given for name, _, _, given in told(parallel)}
    assert workers["g"] == "3" and workers["b"] in "12"  # alone, and not


def test_a_target_runs_with_what_it_needs(make: Make) -> None:
    folder = make(GRAPH)
    runner(folder, "f", "b")
    assert set(outs(folder)) == {"a", "b", "e", "f"}


def test_a_failure_stops_what_hangs_below_it(make: Make) -> None:
    folder = make(GRAPH)
    (folder / "b.fails").touch()

    printed = runner(folder, "--jobs", "2", fails=True)

    assert "FAILED  b" in printed and "it fails as it was told to" in printed
    assert "not run, as they need what failed: d, g" in printed
    assert set(outs(folder)) == {"a", "c", "e", "f"}
    (folder / "b.fails").unlink()
    assert "3 of 7 stages ran" in runner(folder)


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
    folder = make({"a": []}, seconds=6.0)
    command = [sys.executable, "-m", "dvc", "repro", "a"]
    with subprocess.Popen(command, cwd=folder, env=environment()) as other:
        wait_until(folder, "a")
        printed = runner(folder)
        assert other.wait() == 0
    assert "another DVC is in the way" in printed and "FAILED" not in printed
    assert len([line for line in told(folder) if line[1] == "ended"]) == 1


def test_a_lock_file_that_was_cut_off_is_mended_first(make: Make) -> None:
    folder = make(GRAPH)
    runner(folder)
    whole = (folder / LOCK).read_text()
    for cut in (whole[: len(whole) // 2], whole[: whole.index("\n  e:\n") + 1]):
        (folder / LOCK).write_text(cut)
        (folder / ".dvc/tmp/rwlock").write_text('{"write": {"a.t')
        printed = runner(folder)
        assert "dvc.lock had been cut off" in printed and "rwlock had been cut off" in printed
        assert "0 of 7 stages ran" in printed and (folder / LOCK).read_text() == whole


def test_parameters_are_set_once_and_visibly(make: Make) -> None:
    folder = make({"a": [], "b": ["a"]})
    (folder / "params.yaml").write_text("size: 1  # a comment\narms:\n  x: 1\n  y: 2\n")
    runner(folder)

    printed = runner(folder, "-S", "size=2", "-S", "~arms.y", "-S", "+new=[1,2]")
    assert "-S: size: 1 → 2" in printed and "-S: arms.y: 2 → removed" in printed
    assert "2 of 2 stages ran" in printed
    text = (folder / "params.yaml").read_text()
    assert "size: 2  # a comment" in text
    assert yaml.safe_load(text) == {"size": 2, "arms": {"x": 1}, "new": [1, 2]}

    again = runner(folder, "-S", "size=2", "-S", "~arms.y", "-S", "+new=[1,2]")
    assert "-S" not in again and "0 of 2" in again
    assert "Could not override 'sise'" in runner(folder, "-S", "sise=3", fails=True)
    assert (folder / "params.yaml").read_text() == text
    assert json.loads((folder / ".dvc/tmp/run/set.json").read_text())


def test_outside_a_project_it_says_so(tmp_path: Path) -> None:
    assert "there is no .dvc here" in runner(tmp_path, fails=True)
    assert not list(tmp_path.iterdir())


def test_a_free_lock_has_no_holder(tmp_path: Path) -> None:
    from capsnet_study.running.locks import foreign_holder

    lock = tmp_path / "lock"
    assert foreign_holder(lock, []) is None
    lock.write_text(f" {os.getpid()}\n")
    assert foreign_holder(lock, []) is None
    with lock.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert str(os.getpid()) in str(foreign_holder(lock, []))
        assert foreign_holder(lock, [os.getpid()]) is None
