"""Where computations run, and that they run on one thread wherever that is."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import torch
from threadpoolctl import threadpool_info, threadpool_limits

from capsnet_study.common.workers import device, repeatable, run_side_by_side, workers


def threads_in_use() -> set[int]:
    """The sizes of all thread pools of this process."""
    return {torch.get_num_threads(), *(pool["num_threads"] for pool in threadpool_info())}


@pytest.fixture
def two_threads():
    """A process that would use two threads."""
    torch.set_num_threads(2)
    with threadpool_limits(limits=2):
        yield
    torch.set_num_threads(1)


@pytest.mark.parametrize("count", ["1", "2"])
def test_a_task_runs_on_one_thread_whatever_the_number_of_workers(count, two_threads, monkeypatch):
    monkeypatch.setenv("CAPS_WORKERS", count)
    assert 2 in threads_in_use()
    assert run_side_by_side(threads_in_use, [(), ()]) == [{1}, {1}]
    assert 2 in threads_in_use()


def test_a_device_that_is_not_one_is_named_with_its_variable(monkeypatch):
    monkeypatch.setenv("CAPS_DEVICE", "gpu")
    with pytest.raises(ValueError, match=r"CAPS_DEVICE = 'gpu': .*cuda"):
        device()


def test_threads_are_given_back_when_a_task_fails(two_threads):
    with pytest.raises(KeyError), repeatable():
        raise KeyError
    assert torch.get_num_threads() == 2


def test_a_gpu_would_compute_repeatably_in_full_precision():
    cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
    cudnn.deterministic, cudnn.benchmark = False, True
    cudnn.allow_tf32 = matmul.allow_tf32 = True
    with repeatable():
        assert (cudnn.deterministic, cudnn.benchmark) == (True, False)
        assert (cudnn.allow_tf32, matmul.allow_tf32) == (False, False)


def test_results_come_in_the_order_of_the_tasks():
    assert run_side_by_side(pow, [(2, 3), (3, 2), (5, 0)]) == [8, 9, 1]


def begin(folder: str, task: int) -> None:
    """A task that says that it has begun, and takes longer than any test."""
    Path(folder, str(task)).touch()
    time.sleep(600)


def test_workers_end_with_a_stage_that_is_killed(tmp_path):
    tasks = [(str(tmp_path), task) for task in range(2)]
    code = "from capsnet_study.common.workers import run_side_by_side; "
    code += f"from tests.common.test_workers import begin; run_side_by_side(begin, {tasks})"
    root, environment = Path(__file__).parents[2], os.environ | {"CAPS_WORKERS": "2"}
    stage = subprocess.Popen([sys.executable, "-c", code], cwd=root, env=environment)
    deadline = time.monotonic() + 120
    while len(list(tmp_path.iterdir())) < 2:
        assert stage.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    started = psutil.Process(stage.pid).children(recursive=True)
    stage.kill()
    assert len(started) >= 2 and psutil.wait_procs(started, timeout=60)[1] == []


@pytest.mark.parametrize("named", ["0", "-1", "two", "1.5", "²", ""])
def test_senseless_worker_counts_are_refused(named, monkeypatch):
    monkeypatch.setenv("CAPS_WORKERS", named)
    with pytest.raises(ValueError, match="CAPS_WORKERS = '"):
        workers()


def test_the_environment_names_the_device(monkeypatch):
    monkeypatch.setenv("CAPS_DEVICE", "meta")
    assert device() == torch.device("meta")
