"""What a stage says about its cost and the machine that it ran on."""

from __future__ import annotations

import csv
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from multiprocessing import get_context

import pytest
import torch

from stages.recording import RUNTIME, recorded, write_row


@pytest.fixture
def record(tmp_path, monkeypatch):
    """Run a stage that does nothing; return its row."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CAPS_DEVICE")
    monkeypatch.delenv("CAPS_WORKERS")

    def run() -> dict:
        with recorded("digits"):
            pass
        return rows()["digits"]

    return run


def rows() -> dict[str, dict[str, str]]:
    """Return the rows of the table by stage."""
    return {row["stage"]: row for row in csv.DictReader(RUNTIME.read_text().splitlines())}


def test_versions_processor_and_device_are_recorded(record, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    found = record()
    assert all(found[name] == version(name) for name in ("numba", "numpy", "torch"))
    assert found["cpu"] and int(found["cores"]) >= 1 and float(found["peak_memory_mb"]) > 1
    assert (found["device"], found["engine"]) == ("cpu", "local") and int(found["workers"]) >= 1


def test_a_gpu_has_a_name_and_one_worker_unless_the_environment_says_more(record, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda kind: f"Model of {kind}")
    found = record()
    assert (found["device"], found["workers"]) == ("cuda (Model of cuda)", "1")
    monkeypatch.setenv("CAPS_WORKERS", "3")
    assert record()["workers"] == "3"
    monkeypatch.setenv("CAPS_ENGINE", "dask://host:8786")
    assert (record()["engine"], record()["workers"]) == ("dask", "cluster")


def test_stages_that_end_at_once_lose_no_row(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    stages = [{"stage": f"sweep@n{number}", "seconds": number} for number in range(20)]
    with ProcessPoolExecutor(4, mp_context=get_context("fork")) as pool:
        list(pool.map(write_row, stages))
    assert list(rows()) == sorted(one["stage"] for one in stages)
    write_row({"stage": "sweep@n7", "seconds": 100})  # of a stage that has run again
    seconds = {stage: int(row["seconds"]) for stage, row in rows().items()}
    assert seconds == {one["stage"]: one["seconds"] for one in stages} | {"sweep@n7": 100}
    with pytest.raises(KeyError), recorded("fitting"):
        raise KeyError
    assert "fitting" not in rows()
