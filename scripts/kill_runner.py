"""Kill the runner at random moments in a small study, and compare its results with a serial run.

``python -m scripts.kill_runner`` takes some minutes on two cores. The study runs twice, in copies
of this project: by ``dvc repro``, from the first stage to the last, and by ``python -m
stages.run``, which is killed with SIGKILL again and again and then continues.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
import typer
from rich.console import Console
from rich.table import Table

from capsnet_study.common.storage import read_yaml
from stages.command import run_command
from tests.pipeline.conftest import copy_project, run, tiny_params

RUNNER = [sys.executable, "-m", "stages.run"]
RESTORE = [sys.executable, "-m", "stages.restore_lock"]


@dataclass(frozen=True)
class Kill:
    """What a kill met and left behind."""

    seconds: float  # after the runner had started
    ended: int  # stages that had ended since the last kill
    processes: int  # at work at that moment
    gone: float  # seconds until the last of them had ended
    restored: str  # what `make restore-lock` printed


def main(kills: int = 20, seed: int = 0, longest: float = 30.0, folder: Path | None = None) -> None:
    """Print what each kill met, and whether the results are those of the serial run.

    Each kill comes `longest` seconds after the runner's start, or earlier. In a `folder`, the
    serial run is kept for another time.
    """
    rng = random.Random(seed)
    console = Console()
    with tempfile.TemporaryDirectory() as made:
        here = folder or Path(made)
        here.mkdir(parents=True, exist_ok=True)
        serial = serial_run(here / "serial", console)
        done, killed = killed_runs(here, kills, longest, rng)
        print_table(done, console)
        differing = {name: different_outs(serial, name) for name in killed}
        for name, stages in differing.items():
            outs = sum(map(len, outs_of(name).values()))
            verdict = f"other bits in {stages}" if stages else "the same bits as dvc repro"
            console.print(f"{name.name}: {outs} outs compared: {verdict}")
            console.print(f"dvc status: {run('dvc', 'status', cwd=name).strip()}")
    raise typer.Exit(any(differing.values()))


def serial_run(folder: Path, console: Console) -> Path:
    """Return a folder in which ``dvc repro`` has run without a kill."""
    if not folder.exists():
        began = time.monotonic()
        run("dvc", "repro", "--quiet", cwd=copy_project(folder, tiny_params()))
        console.print(f"dvc repro, not killed: {time.monotonic() - began:.0f} s")
    return folder


def killed_runs(
    here: Path, kills: int, longest: float, rng: random.Random
) -> tuple[list[Kill], list[Path]]:
    """Return all kills, and the folders of the runs that were killed until they had ended.

    A run that ends before all kills are done is followed by another one.
    """
    done: list[Kill] = []
    folders: list[Path] = []
    while len(done) < kills:
        folders.append(copy_project(here / f"killed_{len(folders)}", tiny_params()))
        ended = False
        while not ended and len(done) < kills:
            kill = killed_once(folders[-1], rng.uniform(1.0, longest))
            ended = kill is None
            done += [kill] if kill is not None else []
        if not ended:
            run(*RUNNER, cwd=folders[-1])
    return done, folders


def killed_once(folder: Path, seconds: float) -> Kill | None:
    """Start the runner and kill it after some seconds; return None if it had ended by then."""
    with tempfile.TemporaryFile("w+") as log:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        environment = os.environ | {"PATH": path}
        process = subprocess.Popen(RUNNER, cwd=folder, env=environment, stdout=log, stderr=log)
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            if process.poll() is not None:
                assert process.returncode == 0, log.seek(0) or log.read()
                return None
            time.sleep(0.02)
        processes = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGKILL)
        process.wait()
        gone = seconds_until_gone(processes)
        log.seek(0)
        printed = log.read()
    assert "failed" not in printed, printed
    restored = run(*RESTORE, cwd=folder).strip()
    return Kill(seconds, printed.count(" finished after "), len(processes), gone, restored)


def seconds_until_gone(processes: list[psutil.Process]) -> float:
    """Wait until none of the processes is at work."""
    began = time.monotonic()
    while alive := [process for process in processes if is_at_work(process)]:
        assert time.monotonic() < began + 20, f"left behind by the runner: {alive}"
        time.sleep(0.02)
    return time.monotonic() - began


def is_at_work(process: psutil.Process) -> bool:
    """Return whether a process still runs; one that has ended may wait to be noticed."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def outs_of(folder: Path) -> dict[str, dict[str, str]]:
    """Return the checksum of every out that does not depend on how long something took."""
    stages = read_yaml(folder / "dvc.lock")["stages"]
    listed = {
        name: {out["path"]: out["md5"] for out in stage.get("outs", [])}
        for name, stage in stages.items()
    }
    timed, before = {"metrics", "metrics/runtime.csv"}, set()  # and the report, which reads it
    while timed != before:
        before = set(timed)
        for name, stage in stages.items():
            if timed & {dep["path"] for dep in stage.get("deps", [])}:
                timed |= listed[name].keys()
    return {
        name: {path: md5 for path, md5 in outs.items() if path not in timed}
        for name, outs in listed.items()
    }


def different_outs(one: Path, other: Path) -> list[str]:
    """Return the stages whose outs differ between two folders."""
    here, there = outs_of(one), outs_of(other)
    return [name for name in here | there if here.get(name) != there.get(name)]


def print_table(kills: list[Kill], console: Console) -> None:
    """Print a line for each kill."""
    grid = Table("kill", "after (s)", "stages ended before", "processes", "gone after (s)", "lock")
    for number, kill in enumerate(kills, start=1):
        counts = (str(number), f"{kill.seconds:.1f}", str(kill.ended), str(kill.processes))
        grid.add_row(*counts, f"{kill.gone:.2f}", kill.restored)
    console.print(grid)


if __name__ == "__main__":
    run_command(main)
