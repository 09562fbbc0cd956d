"""Where computations run, and that they run on one thread wherever that is."""

import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
import torch
from threadpoolctl import threadpool_info, threadpool_limits

from capsnet_study.common import workers as module
from capsnet_study.common.devices import deterministic, device
from capsnet_study.common.workers import cores, parallel_map, workers
from tests.project import ROOT
from tests.routing.fresh import output_of, start


def product_in_use(seed: int) -> tuple[bytes, set[int]]:
    """Return the bits of products that threads would share, and the sizes of all thread pools."""
    values = torch.rand(300, 300, generator=torch.Generator().manual_seed(seed))
    images = values[None, None]
    maps = torch.nn.functional.conv2d(images, images[..., :9, :9])
    both = (values @ values, maps, torch.from_numpy(values.numpy() @ values.numpy()))
    return b"".join(part.numpy().tobytes() for part in both), threads_in_use()


def threads_in_use() -> set[int]:
    """Return the sizes of all thread pools of this process."""
    return {torch.get_num_threads(), *(pool["num_threads"] for pool in threadpool_info())}


@pytest.fixture
def two_threads():
    """A process that would use two threads."""
    torch.set_num_threads(2)
    with threadpool_limits(limits=2):
        yield
    torch.set_num_threads(1)


def test_a_task_gives_the_same_bits_on_one_thread_here_and_in_a_pool(two_threads, monkeypatch):
    assert 2 in threads_in_use()
    found = []
    for count in ("1", "2"):
        monkeypatch.setenv("CAPS_WORKERS", count)
        found.append(parallel_map(product_in_use, [(0,), (1,)]))
    assert found[0] == found[1]
    assert [threads for _, threads in found[0]] == [{1}, {1}]
    assert 2 in threads_in_use()  # given back
    with pytest.raises(KeyError), deterministic():
        raise KeyError
    assert torch.get_num_threads() == 2


def test_results_come_in_order_and_one_task_needs_no_other_process(monkeypatch):
    assert parallel_map(pow, [(2, 3), (3, 2), (5, 0)]) == [8, 9, 1]
    monkeypatch.setenv("CAPS_WORKERS", "4")
    assert parallel_map(os.getpid, [()]) == [os.getpid()]
    assert parallel_map(os.getpid, []) == []


WITHOUT_SEMAPHORES = """
import _multiprocessing, sys
class SemLock:
    SEM_VALUE_MAX = 1
    def __init__(self, *arguments, **named):
        raise OSError(30, "Read-only file system")
_multiprocessing.SemLock = SemLock
from capsnet_study.common.errors import ParameterError
from capsnet_study.common.workers import parallel_map
try:
    print(parallel_map(pow, [(2, 3), (3, 2)]), "torch" in sys.modules)
except ParameterError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("count", "printed"), [(None, "[8, 9] False"), ("2", "2 workers need semaphores")]
)
def test_without_semaphores_one_worker_does_all(count, printed, monkeypatch):
    """As where /dev/shm cannot be written; and where PyTorch is not needed it is not loaded."""
    monkeypatch.delenv("CAPS_WORKERS")
    chosen = {} if count is None else {"CAPS_WORKERS": count}
    (line,) = output_of(start(WITHOUT_SEMAPHORES, **chosen)).splitlines()
    assert line.startswith(printed)
    assert count is None or ("/dev/shm" in line and "CAPS_WORKERS=1" in line)


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """A machine with 8 cores, 7.5 GB of free memory, and no control groups."""
    monkeypatch.setattr(module, "CGROUPS", tmp_path)
    monkeypatch.setattr(module.joblib, "cpu_count", lambda: 8)
    memory = SimpleNamespace(available=7_500_000_000)
    monkeypatch.setattr(module.psutil, "virtual_memory", lambda: memory)
    return memory


@pytest.mark.parametrize(("free", "expected"), [(7.5e9, 8), (2.8e9, 3), (1e8, 1)])
def test_there_are_no_more_workers_than_memory_for_them(free, expected, machine, monkeypatch):
    machine.available = int(free)
    monkeypatch.delenv("CAPS_WORKERS")
    assert (cores(), workers()) == (expected, expected)


@pytest.mark.parametrize(
    ("limit", "statistics", "used"),
    [
        ("memory.max", "memory.stat", "anon"),
        ("memory/memory.limit_in_bytes", "memory/memory.stat", "total_rss"),
    ],
)
def test_the_memory_of_a_container_counts(limit, statistics, used, machine, tmp_path):
    (tmp_path / "memory").mkdir()
    (tmp_path / statistics).write_text(f"cache 4000000000\n{used} 1000000000\n")
    for text, expected in (("4000000000", 3), ("max", 8), (str(2**63 - 4096), 8)):
        (tmp_path / limit).write_text(f"{text}\n")
        assert cores() == expected


def test_a_gpu_that_is_not_there_is_reported(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setenv("CAPS_DEVICE", "cuda")
    with pytest.raises(ValueError, match="CAPS_DEVICE = 'cuda': PyTorch finds no GPU here"):
        device()
    monkeypatch.setenv("CAPS_DEVICE", "meta")
    assert device() == torch.device("meta")


def test_a_gpu_would_compute_repeatably_in_full_precision():
    cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
    cudnn.deterministic, cudnn.benchmark = False, True
    cudnn.allow_tf32 = matmul.allow_tf32 = True
    with deterministic():
        assert (cudnn.deterministic, cudnn.benchmark) == (True, False)
        assert (cudnn.allow_tf32, matmul.allow_tf32) == (False, False)


def begin(folder: str, task: int) -> None:
    """Begin a task, leave a note of it, and take longer than any test."""
    Path(folder, str(task)).touch()
    time.sleep(600)


@pytest.mark.slow
def test_workers_end_with_a_stage_that_is_killed(tmp_path):
    tasks = [(str(tmp_path), task) for task in range(2)]
    code = "from capsnet_study.common.workers import parallel_map; "
    code += f"from tests.common.test_workers import begin; parallel_map(begin, {tasks})"
    environment = os.environ | {"CAPS_WORKERS": "2"}
    stage = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=environment)
    deadline = time.monotonic() + 120
    while len(list(tmp_path.iterdir())) < 2:
        assert stage.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    started = psutil.Process(stage.pid).children(recursive=True)
    stage.kill()
    assert len(started) >= 2 and psutil.wait_procs(started, timeout=60)[1] == []
