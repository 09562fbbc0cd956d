"""The calculation of what the study costs, and that the documents carry it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capsnet_study.common.storage import read_json
from capsnet_study.params import load_params
from capsnet_study.report.render import with_block
from capsnet_study.settings.params import Setting
from scripts.cost import (
    GROWTH,
    cost_table,
    hours,
    makespan,
    seconds_at_paper_scale,
    seconds_at_this_scale,
    settings,
    trainings,
    transfers,
)
from tests.project import copy

TASKS = st.lists(st.floats(0.01, 100), min_size=1, max_size=30)


@given(TASKS, st.integers(1, 40))
def test_a_schedule_lies_between_its_bounds(tasks, workers):
    """No schedule beats an equal share or the longest task; this one adds a third at most."""
    least = max(sum(tasks) / workers, max(tasks))
    found = makespan(tasks, workers)
    assert least * (1 - 1e-9) <= found <= (sum(tasks) / workers + max(tasks)) * (1 + 1e-9)


def test_a_schedule_of_known_length():
    assert makespan([3, 3, 2, 2, 2], 2) == 7  # longest first: 3 + 2 + 2 and 3 + 2
    assert makespan([5, 1, 1], 64) == 5


@pytest.fixture
def measured() -> dict:
    return read_json("benchmarks/results/routing.json")


def test_one_worker_does_all_tasks_and_stages_have_one_a_trial(measured):
    params, image = load_params(), seconds_at_paper_scale(measured)
    elsewhere = settings(params, image)
    stages = trainings(params, image) | elsewhere | transfers(params, image)
    assert len(stages) == len(params.arms) + len(elsewhere) + 7
    for name, arm in params.arms.items():
        assert len(stages[name]) == (arm.trials or params.train.trials)
    table = hours(params, image)
    total = sum(map(sum, stages.values())) / 3600
    assert table["in_turn"][0] == pytest.approx(total)
    assert table["at_once"][0] == pytest.approx(total)
    assert (table["at_once"] <= table["in_turn"] * (1 + 1e-9)).all()


def test_a_setting_costs_what_it_changes(measured):
    params = load_params()
    settings_ = {
        "rate": Setting(["n3", "cnn"], 3, train={"lr_capsnet": 0.001}),
        "wide": Setting(["n3"], 2, model={"conv_channels": 64, "primary_groups": 8}),
        "long": Setting(["n9_late", "cnn"], 3, train={"epochs": 2 * params.train.epochs}),
    }
    stages = settings(replace(params, settings=settings_), seconds_at_this_scale(measured))
    assert {name: len(tasks) for name, tasks in stages.items()} == {"rate": 6, "wide": 2, "long": 6}
    n3, cnn = stages["rate"][:2]
    assert stages["wide"][0] == pytest.approx(2**GROWTH * n3)
    assert stages["long"][1] == pytest.approx(2 * cnn, rel=0.2)


def test_an_arm_of_many_iterations_costs_accordingly(measured):
    params = load_params()
    arms = {f"of{n}": replace(params.sweep["n9"], n_iter=n) for n in (9, 10, 20)}
    stages = trainings(
        replace(params, ablations=params.ablations | arms), seconds_at_this_scale(measured)
    )
    nine, ten, twenty = (stages[name][0] for name in arms)
    assert ten > nine and twenty - ten == pytest.approx(10 * (ten - nine))


def test_the_documents_carry_the_committed_cost(tmp_path: Path, monkeypatch):
    files = ("docs/clusters.md", "params.yaml", "benchmarks/results/routing.json")
    copy(tmp_path, *files)
    monkeypatch.chdir(tmp_path)
    readme = Path("docs/clusters.md").read_text()
    table = cost_table(load_params(), read_json("benchmarks/results/routing.json"))
    assert readme == with_block(readme, "cost", table)
