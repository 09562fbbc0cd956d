"""What a stage says about the machine it ran on."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import pytest
import torch

from capsnet_study.common.storage import read_json
from stages.recording import recorded
from tests.project import copy


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Run a stage that does nothing; return its record."""
    copy(tmp_path, "params.yaml")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CAPS_DEVICE")
    monkeypatch.delenv("CAPS_WORKERS")

    def run() -> dict:
        with recorded("digits"):
            pass
        return read_json("metrics/runtime/digits.json")

    return run


def test_versions_processor_threads_and_device_are_recorded(record, monkeypatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    found = record()
    assert {name: found[name] for name in ("numba", "numpy", "torch")} == {
        name: version(name) for name in ("numba", "numpy", "torch")
    }
    assert found["cpu"] and found["cores"] >= 1 and found["threads_a_task"] == 1
    assert (found["device"], found["workers"]) == ("cpu", "one a core")
    assert found["engine"] == "local"


def test_on_a_gpu_there_is_one_worker_and_the_gpu_has_a_name(record, monkeypatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda kind: f"Model of {kind}")
    found = record()
    assert (found["device"], found["workers"]) == ("cuda (Model of cuda)", "1")


def test_what_the_environment_says_is_recorded(record, monkeypatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setenv("CAPS_DEVICE", "cpu")
    monkeypatch.setenv("CAPS_WORKERS", "3")
    monkeypatch.setenv("CAPS_ENGINE", "dask://host:8786")
    found = record()
    assert (found["device"], found["workers"], found["engine"]) == ("cpu", "the cluster's", "dask")


def test_a_stage_that_fails_leaves_no_record(record, tmp_path) -> None:
    with pytest.raises(KeyError), recorded("fitting"):
        raise KeyError
    assert not list(tmp_path.rglob("fitting.json"))
