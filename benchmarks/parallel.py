"""How parallel the runner is: what it costs a stage, and how it fills a Dask cluster.

``python -m benchmarks.parallel`` takes about a quarter of an hour and writes
``benchmarks/results/parallel.json``. Stages only sleep, so that two cores are enough to stand for
eight workers; what a stage costs, its process and DVC's, is real.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from stages.command import run_command

ROOT = Path(__file__).parents[1]
RUNNER = ("-m", "stages.run")
SERIAL = ("-m", "dvc", "repro", "--quiet")
Graph = Mapping[str, Sequence[str]]


def main(
    workers: int = 8,
    stages: int = 16,
    tasks: int = 5,
    seconds: float = 6.0,
    out: Path = ROOT / "benchmarks/results/parallel.json",
) -> None:
    """Measure both and write them down."""
    with tempfile.TemporaryDirectory() as made:
        facts = {
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            **{name: version(name) for name in ("dvc", "distributed")},
            "overhead": overhead(Path(made)),
            "cluster": cluster(Path(made), workers, stages, tasks, seconds),
        }
    out.write_text(json.dumps(facts, indent=2) + "\n")
    print(json.dumps(facts, indent=2))


def overhead(folder: Path, count: int = 24) -> dict[str, dict[str, float]]:
    """Return seconds of stages that do nothing or sleep, side by side and one after the other."""
    wide: Graph = {f"s{i}": [] for i in range(count)}
    chain: Graph = {f"s{i}": [f"s{i - 1}"] if i else [] for i in range(count)}
    cases = {
        "nothing, side by side": (wide, "true", [*RUNNER, "--jobs", "8"]),
        "nothing, in a chain": (chain, "true", [*RUNNER]),
        "nothing, dvc repro": (chain, "true", [*SERIAL]),
        "2 s of sleep, 8 side by side": (wide, "sleep 2", [*RUNNER, "--jobs", "8"]),
    }
    found = {}
    for name, (graph, command, words) in cases.items():
        project = project_of(folder / name, graph, command)
        wall, cpu = timed(words, project)
        found[name] = {"stages": count, "seconds": wall, "cpu_seconds": cpu}
        found[name]["stages_a_second"] = round(count / wall, 2)
        found[name]["nothing_to_run_seconds"], _ = timed(words, project)
        print(name, found[name], flush=True)
    return found


def cluster(
    folder: Path, workers: int, stages: int, tasks: int, seconds: float
) -> dict[str, float]:
    """Return how long stages of sleeping tasks take on one worker of a cluster and on several.

    Stages do not need each other, and none has as many tasks as there are workers.
    """
    graph: Graph = {f"s{i}": [] for i in range(stages)}
    command = f"{sys.executable} -m benchmarks.sleeping {tasks} {seconds}"
    warming: Graph = {"warm": []}
    found: dict[str, float] = {"stages": stages, "tasks_a_stage": tasks, "task_seconds": seconds}
    cases = {
        f"stages at once, {workers} workers": (workers, RUNNER),
        f"stage after stage, {workers} workers": (workers, SERIAL),
        "one worker": (1, RUNNER),
    }
    for name, (count, words) in cases.items():
        with dask_workers(folder, count) as engine:
            warm = f"{sys.executable} -m benchmarks.sleeping {4 * count} 0.5"
            timed(RUNNER, project_of(folder / f"{name} warm", warming, warm), CAPS_ENGINE=engine)
            project = project_of(folder / name, graph, command)
            found[name], _ = timed(words, project, CAPS_ENGINE=engine)
        print(name, found[name], flush=True)
    for name in list(cases)[:2]:
        found[f"times as fast as one worker: {name}"] = round(found["one worker"] / found[name], 2)
        share = stages * tasks * seconds / found[name] / workers
        found[f"share of the time that workers work: {name}"] = round(share, 3)
    return found


@contextmanager
def dask_workers(folder: Path, count: int) -> Iterator[str]:
    """Start a scheduler and workers of one thread each on loopback; give its ``CAPS_ENGINE``."""
    where = folder / f"scheduler{count}_{time.monotonic_ns()}.json"
    dask = [sys.executable, "-m", "dask"]
    local = ["--host", "127.0.0.1", "--no-dashboard"]
    options = ["--nworkers", str(count), "--nthreads", "1", "--scheduler-file", str(where)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": environment()}
    started = [
        subprocess.Popen(
            [*dask, "scheduler", *local, "--port", "0", "--scheduler-file", str(where)],
            cwd=folder,
            **quiet,
        )
    ]
    try:
        while not where.exists():
            time.sleep(0.1)
        started.append(subprocess.Popen([*dask, "worker", *local, *options], cwd=folder, **quiet))
        address = json.loads(where.read_text())["address"].replace("tcp://", "dask://")
        wait_for_workers(address, count)
        yield address
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait()


def wait_for_workers(address: str, count: int) -> None:
    """Wait until all workers have come."""
    ask = (
        "import sys; from distributed import Client\n"
        "with Client(sys.argv[1]) as client: client.wait_for_workers(int(sys.argv[2]), timeout=120)"
    )
    words = [sys.executable, "-c", ask, address.replace("dask://", "tcp://"), str(count)]
    subprocess.run(words, check=True, env=environment())


def project_of(folder: Path, graph: Graph, command: str) -> Path:
    """Make a DVC project of stages that run a command and then write their name."""
    folder.mkdir(parents=True)
    for words in (["git", "init", "-q"], [sys.executable, "-m", "dvc", "init", "-q"]):
        subprocess.run(words, cwd=folder, check=True)
    stages = {
        stage: {
            "cmd": f"{command} && echo {stage} > {stage}.txt",
            "outs": [f"{stage}.txt"],
            **({"deps": [f"{need}.txt" for need in needs]} if needs else {}),
        }
        for stage, needs in graph.items()
    }
    (folder / "dvc.yaml").write_text(json.dumps({"stages": stages}))  # JSON is YAML, too
    return folder


def timed(words: Sequence[str], folder: Path, **more: str) -> tuple[float, float]:
    """Run Python in a folder; return the seconds that this took, and those of all cores."""

    def cpu() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    before, began = cpu(), time.monotonic()
    done = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=environment() | more,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    return round(time.monotonic() - began, 2), round(cpu() - before, 2)


def environment() -> dict[str, str]:
    """Return an environment in which this checkout is found from any folder."""
    plain = {key: value for key, value in os.environ.items() if not key.startswith("CAPS_")}
    path = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    return plain | {"PYTHONPATH": path, "CAPS_DEVICE": "cpu", "DVC_NO_ANALYTICS": "1"}


if __name__ == "__main__":
    run_command(main)
