"""What a stage says about its cost and the machine that it ran on."""

from __future__ import annotations

import csv
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from multiprocessing import get_context

import pytest
import torch

from stages.recording import RUNTIME, recorded, write_row


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def rows() -> dict[str, dict[str, str]]:
    """Return the rows of the table by stage."""
    return {row["stage"]: row for row in csv.DictReader(RUNTIME.read_text().splitlines())}


def test_cost_versions_and_device_are_recorded_of_a_stage_that_ends(monkeypatch):
    monkeypatch.delenv("CAPS_DEVICE")
    monkeypatch.delenv("CAPS_WORKERS")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda kind: f"Model of {kind}")
    with recorded("digits"):
        pass
    with pytest.raises(KeyError), recorded("fitting"):
        raise KeyError
    (found,) = rows().values()
    assert all(found[name] == version(name) for name in ("numba", "numpy", "torch"))
    assert found["cpu"] and float(found["seconds"]) >= 0 and float(found["peak_memory_mb"]) > 1
    assert (found["device"], found["workers"]) == ("cuda (Model of cuda)", "1")


def test_stages_that_end_at_once_lose_no_row():
    stages = [{"stage": f"sweep@n{number}", "seconds": number} for number in range(20)]
    with ProcessPoolExecutor(4, mp_context=get_context("fork")) as pool:
        list(pool.map(write_row, stages))
    write_row({"stage": "sweep@n7", "seconds": 100})  # of a stage that has run again
    assert list(rows()) == sorted(one["stage"] for one in stages)
    seconds = {stage: int(row["seconds"]) for stage, row in rows().items()}
    assert seconds == {one["stage"]: one["seconds"] for one in stages} | {"sweep@n7": 100}
