"""What ``make gpu`` measures, on the CPU with tiny networks: no figure of it is checked."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import pytest
import torch
import typer

from benchmarks import devices, gpu
from capsnet_study.params import load_params

CPU = torch.device("cpu")


@pytest.fixture
def params(model):
    """The committed parameters with a tiny network, few images and one epoch."""
    found = load_params()
    return replace(
        found,
        model=model,
        data=replace(found.data, test_images=20),
        train=replace(found.train, epochs=1, evaluations=2),
    )


def test_without_a_gpu_it_says_so_and_measures_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(typer.Exit) as ended:
        gpu.main(rounds=3, folder=tmp_path)
    assert ended.value.exit_code == 2
    assert capsys.readouterr().err.strip() == gpu.NO_GPU
    assert not any(tmp_path.iterdir())


def test_all_of_it_can_be_measured(model, params):
    ways = {name: way for name, way in devices.WAYS.items() if not way.compiled}
    found = gpu.measure(CPU, params, 3, {"tiny": model}, ways, processes=(1,))
    json.dumps(found, allow_nan=False)
    rows = [*found["steps"], *found["layers"], *found["evaluations"], *found["shared"]["tiny"]]
    assert len(found["steps"]) == 2 * 4 * len(ways) and len(found["layers"]) == 2 * 9
    assert all(row["images_a_second"] > 0 for row in rows)
    assert len(found["short_arm"]["cpu"]["exact_match"]) == 2


def test_what_cannot_be_measured_says_so_and_costs_no_other_row():
    def too_large():
        raise torch.OutOfMemoryError("CUDA out of memory.\nTried to allocate ...")

    rows = devices.compare({"a": too_large, "b": lambda: lambda: None}, CPU, 8, 3)
    assert rows[0] == {"way": "a", "failure": "OutOfMemoryError: CUDA out of memory."}
    assert rows[1]["way"] == "b" and rows[1]["images_a_second"] > 0


def test_the_environment_is_given_back(monkeypatch):
    monkeypatch.setenv("CAPS_DEVICE", "cpu")
    monkeypatch.delenv("CAPS_ENGINE", raising=False)
    with devices.environment(CAPS_DEVICE="meta", CAPS_ENGINE="local"):
        assert (os.environ["CAPS_DEVICE"], os.environ["CAPS_ENGINE"]) == ("meta", "local")
    assert os.environ["CAPS_DEVICE"] == "cpu" and "CAPS_ENGINE" not in os.environ
