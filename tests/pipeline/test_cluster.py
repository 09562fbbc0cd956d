"""The same trials on a Dask cluster: a real scheduler and worker processes, on this machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from capsnet_study.common.workers import parallel_map
from capsnet_study.running import cluster
from capsnet_study.running.cluster import ClusterError, address_of, run_on_cluster
from tests.pipeline.conftest import copy_project, run, tiny_params

PATIENCE = 300.0
STAGE = (sys.executable, "-m", "stages.arm", "sweep", "n6_fitness")


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


class Cluster:
    """A scheduler and its workers, each a process."""

    def __init__(self, folder: Path):
        self.folder, self.processes = folder, []
        printed = self._start("scheduler", "Scheduler at:", "--port", "0", "--no-dashboard")
        self.address = printed.split("Scheduler at:")[1].split()[0]
        self.engine = self.address.replace("tcp://", "dask://")

    def add_worker(self, threads: int = 1) -> subprocess.Popen:
        options = ("--nthreads", str(threads), "--no-nanny", "--no-dashboard")
        self._start("worker", "Registered to:", self.address, *options)
        return self.processes[-1]

    def close(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()

    def _start(self, kind: str, ready: str, *options: str) -> str:
        """Start a process; return what it has printed once that has these words."""
        log = self.folder / f"{len(self.processes)}.log"
        with log.open("w") as printed:
            command = [sys.executable, "-m", "dask", kind, *options]
            self.processes.append(
                subprocess.Popen(command, cwd=self.folder, stdout=printed, stderr=printed)
            )
        wait_until(lambda: ready in log.read_text())
        return log.read_text()


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A scheduler without workers, which `parallel_map` uses."""
    found = Cluster(tmp_path)
    monkeypatch.setenv("CAPS_ENGINE", found.engine)
    yield found
    found.close()


@pytest.mark.slow
def test_a_lost_worker_costs_its_trials_and_changes_no_byte(started: Cluster, tmp_path: Path):
    params = tiny_params()
    params["train"] |= {"trials": 3, "epochs": 12}
    project = copy_project(tmp_path / "project", params)
    for stage in ("digits", "multimnist"):
        run(sys.executable, "-m", f"stages.{stage}", cwd=project)
    table = project / "data/sweep/n6_fitness.csv"
    run(*STAGE, cwd=project, CAPS_ENGINE="local")
    local = table.read_bytes()
    table.unlink()

    lost, _ = started.add_worker(), started.add_worker()
    stage = subprocess.Popen(STAGE, cwd=project, stderr=subprocess.PIPE, text=True)
    checkpoints = project / "data/checkpoints"
    wait_until(lambda: len([*checkpoints.rglob("*.safetensors")]) == 2)  # each is at a trial
    lost.send_signal(signal.SIGKILL)
    _, printed = stage.communicate(timeout=PATIENCE)
    assert stage.returncode == 0, printed
    assert lost.wait() == -signal.SIGKILL
    assert table.read_bytes() == local
    assert "trial" in (tmp_path / "2.log").read_text()  # it was not computed here


@pytest.mark.slow
def test_results_come_in_order_and_what_the_stage_chooses_holds(started: Cluster, monkeypatch):
    started.add_worker()
    assert parallel_map(pow, [(2, 3), (3, 2), (5, 0)]) == [8, 9, 1]
    with pytest.raises(ZeroDivisionError):  # and no other task fails
        parallel_map(divmod, [(7, 2), (1, 0)])
    assert os.getpid() not in parallel_map(os.getpid, [(), ()])
    for chosen in ("plain", "fused"):
        monkeypatch.setenv("CAPS_ROUTING", chosen)
        assert parallel_map(os.getenv, [("CAPS_ROUTING",)]) == [chosen]
    monkeypatch.delenv("CAPS_ROUTING")
    assert parallel_map(os.getenv, [("CAPS_ROUTING",)]) == [None]


@pytest.mark.slow
def test_a_cluster_that_would_compute_something_else_is_refused(started: Cluster, monkeypatch):
    monkeypatch.setattr(cluster, "PATIENCE", 1.0)
    for address in (started.address, "tcp://127.0.0.1:1"):
        with pytest.raises(ClusterError, match=f"no scheduler with a worker at {address}$"):
            run_on_cluster(address, pow, [(2, 3)], str)
    monkeypatch.undo()
    worker = started.add_worker()
    with pytest.raises(ClusterError, match=r"worker tcp.* has another version of the study"):
        run_on_cluster(started.address, pow, [(2, 3)], os.getpid)  # never the same
    worker.kill()
    started.add_worker(threads=2)
    with pytest.raises(ClusterError, match="has 2 threads: start it with --nthreads 1"):
        run_on_cluster(started.address, pow, [(2, 3)], str)


def test_without_dask_the_error_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ClusterError, match=r"pip install '\.\[cluster\]'"):
        run_on_cluster("tcp://a:1", pow, [(2, 3)], str)


@pytest.mark.parametrize("engine", ["", "dask://host", "tcp://host:1", "dask://:1"])
def test_an_engine_is_local_or_a_scheduler(engine: str):
    assert address_of("local") is None
    assert address_of("dask://host:8786") == "tcp://host:8786"
    with pytest.raises(ClusterError, match=f"CAPS_ENGINE = '{engine}'"):
        address_of(engine)
