"""The benchmarks run on the CPU with tiny networks, and their committed results are consistent."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from benchmarks import arm, routing
from capsnet_study.common.storage import read_json
from capsnet_study.params import load_params


def test_routing_is_measured_in_all_ways(model, tmp_path: Path, monkeypatch):
    for size in ("SMALL", "PAPER", "PAPER_J32"):
        monkeypatch.setattr(routing, size, model)
    monkeypatch.setattr(routing, "peak_growth", lambda *_: 1.0)
    routing.main(rounds=1, batch=2, folder=tmp_path)
    found = read_json(tmp_path / "routing_cpu.json")
    committed = read_json(routing.FOLDER / "routing_cpu.json")
    for section in routing.TABLES:
        assert all(value > 0 for value in found[section].values())
        if section != "paper_steps":  # whose names have J
            assert found[section].keys() == committed[section].keys()


def test_the_committed_tables_are_those_of_the_committed_numbers():
    text = routing.tables(read_json(routing.FOLDER / "routing_cpu.json"))
    assert (routing.FOLDER / "routing_cpu.md").read_text(encoding="utf-8") == text


def test_one_trial_of_an_arm_is_timed(model):
    params = load_params()
    tiny = replace(
        params,
        model=model,
        data=replace(params.data, train_images=40, test_images=20),
        train=replace(params.train, epochs=1, evaluations=2),
    )
    found = arm.timed_trial(tiny)
    assert found["samples"] == 40 and found["seconds"] > 0
