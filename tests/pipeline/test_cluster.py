"""The same trials on a Dask cluster: a real scheduler and worker processes, on this machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from capsnet_study.common import workers
from capsnet_study.common.workers import checksum_of_package, parallel_map
from capsnet_study.running import cluster
from capsnet_study.running.cluster import ClusterError, address_of, run_on_cluster
from tests.pipeline.conftest import copy_project, run, tiny_params

PATIENCE = 300.0
STAGE = (sys.executable, "-m", "stages.arm", "sweep", "n6_fitness")


class Cluster:
    """A scheduler and its workers, each a process."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.workers: list[subprocess.Popen] = []
        self.scheduler = self._start("scheduler", "--port", "0", "--no-dashboard")
        self.engine = self._wait_for("scheduler", "Scheduler at:").replace("tcp://", "dask://")

    def add_worker(self, threads: int = 1) -> subprocess.Popen:
        name = f"worker{len(self.workers)}"
        address = self.engine.replace("dask://", "tcp://")
        options = ("--nthreads", str(threads), "--no-nanny", "--no-dashboard", "--name", name)
        self.workers.append(self._start("worker", address, *options, log=name))
        self._wait_for(name, "Registered to:")
        return self.workers[-1]

    def close(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()

    def _start(self, kind: str, *options: str, log: str | None = None) -> subprocess.Popen:
        with open(self.folder / f"{log or kind}.log", "w") as printed:
            return subprocess.Popen(
                [sys.executable, "-m", "dask", kind, *options],
                cwd=self.folder,
                env=os.environ | {"CAPS_DEVICE": "cpu"},
                stdout=printed,
                stderr=subprocess.STDOUT,
            )

    def _wait_for(self, log: str, words: str) -> str:
        """Return what a process prints behind these words."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            text = (self.folder / f"{log}.log").read_text()
            if words in text:
                return text.split(words)[1].split()[0]
            time.sleep(0.05)
        raise AssertionError(text)


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Cluster]:
    """A scheduler without workers."""
    found = Cluster(tmp_path)
    yield found
    found.close()


def started_by(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*.safetensors")}


def test_a_lost_worker_costs_its_trials_and_changes_no_byte(started: Cluster, tmp_path: Path):
    params = tiny_params()
    params["train"] |= {"trials": 3, "epochs": 12}
    (tmp_path / "project").mkdir()
    project = copy_project(tmp_path / "project", params)
    for stage in ("digits", "multimnist"):
        run(sys.executable, "-m", f"stages.{stage}", cwd=project)
    table = project / "data/sweep/n6_fitness.csv"
    run(*STAGE, cwd=project)
    local = table.read_bytes()
    table.unlink()

    lost, _ = started.add_worker(), started.add_worker()
    environment = os.environ | {"CAPS_ENGINE": started.engine}
    stage = subprocess.Popen(STAGE, cwd=project, env=environment, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + PATIENCE
    while len(started_by(project / "data/checkpoints")) < 2:  # both workers are at a trial
        assert stage.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    lost.send_signal(signal.SIGKILL)
    _, printed = stage.communicate(timeout=PATIENCE)
    assert stage.returncode == 0, printed
    assert lost.wait() == -signal.SIGKILL
    assert table.read_bytes() == local
    assert "trial" in (tmp_path / "worker1.log").read_text()  # it was not computed here


def test_results_come_in_order_and_failures_stop_no_other_task(started: Cluster, monkeypatch):
    started.add_worker()
    monkeypatch.setenv("CAPS_ENGINE", started.engine)
    assert parallel_map(pow, [(2, 3), (3, 2), (5, 0)]) == [8, 9, 1]
    with pytest.raises(ZeroDivisionError):
        parallel_map(divmod, [(7, 2), (1, 0)])
    assert os.getpid() not in parallel_map(os.getpid, [(), ()])


def test_what_the_stage_chooses_holds_for_its_workers(started: Cluster, monkeypatch):
    started.add_worker()
    monkeypatch.setenv("CAPS_ENGINE", started.engine)
    monkeypatch.setenv("CAPS_ROUTING", "plain")
    assert parallel_map(os.getenv, [("CAPS_ROUTING",), ("CAPS_DEVICE",)]) == ["plain", "cpu"]
    monkeypatch.delenv("CAPS_ROUTING")
    assert parallel_map(os.getenv, [("CAPS_ROUTING",)]) == [None]


def test_a_worker_with_other_code_or_several_threads_is_refused(started: Cluster, monkeypatch):
    monkeypatch.setenv("CAPS_ENGINE", started.engine)
    worker = started.add_worker()
    with pytest.raises(ClusterError, match=r"worker tcp.* has another version of the study"):
        run_on_cluster(address_of(started.engine), pow, [(2, 3)], os.getpid)  # never the same
    worker.kill()
    started.add_worker(threads=2)
    with pytest.raises(ClusterError, match="has 2 threads: start it with --nthreads 1"):
        parallel_map(pow, [(2, 3)])


def test_a_cluster_without_workers_or_nobody_there_is_an_error(started: Cluster, monkeypatch):
    monkeypatch.setattr(cluster, "PATIENCE", 1.0)
    for address in (address_of(started.engine), "tcp://127.0.0.1:1"):
        with pytest.raises(ClusterError, match=f"no scheduler with a worker at {address}$"):
            run_on_cluster(address, pow, [(2, 3)], str)


def test_without_dask_the_error_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ClusterError, match=r"pip install '\.\[cluster\]'"):
        run_on_cluster("tcp://a:1", pow, [(2, 3)], str)


@pytest.mark.parametrize("engine", ["", "dask", "dask://host", "tcp://host:1", "dask://:1", "ray"])
def test_unknown_engines_are_refused(engine: str, monkeypatch):
    monkeypatch.setenv("CAPS_ENGINE", engine)
    told = f"CAPS_ENGINE = '{engine}': 'local' or 'dask://host:port'"
    with pytest.raises(ClusterError, match=told):
        parallel_map(pow, [(2, 3)])


def test_the_checksum_follows_the_code(monkeypatch, tmp_path: Path):
    before = checksum_of_package()
    assert before == checksum_of_package()
    copied = tmp_path / "package"
    copied.mkdir()
    for path in Path(workers.__file__).parents[1].rglob("*.py"):
        place = copied / path.relative_to(Path(workers.__file__).parents[1])
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(path.read_bytes())
    monkeypatch.setattr(workers, "__file__", str(copied / "common" / "workers.py"))
    assert checksum_of_package() == before
    (copied / "training.py").write_text("# another training")
    assert checksum_of_package() != before
