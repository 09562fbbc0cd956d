"""The search for the parameters of an arm: to a candidate on no edge of what was tried."""

import math
from functools import partial

import numpy as np
import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from capsnet_study.common.storage import read_table
from capsnet_study.params import load_params
from capsnet_study.training.arms import CapsNetArm, CNNArm
from capsnet_study.training.trials import ImageSet
from scripts import tune
from scripts.tune import FACTORS, Candidate, main, search, start_of
from tests.project import ROOT

START = {"lr": 0.005, "init_gain": 0.5, "weight_decay": 0.0}


def searched(best: Candidate) -> tuple[Candidate, list[Candidate]]:
    """Return what is found, and all that is tried, where a score falls with the distance."""
    tried: list[Candidate] = []

    def scores(grid: list[Candidate]) -> list[float]:
        tried.extend(grid)
        return [-sum(distance(one, key) ** 2 for key in best) for one in grid]

    def distance(one: Candidate, key: str) -> float:
        return math.log(max(one[key], 1e-4) / max(best[key], 1e-4))

    return search(START, list(best), scores), tried


@given(st.floats(1e-4, 1.0), st.floats(0.05, 5.0))
def test_the_best_is_found_and_lies_on_no_edge(lr, gain):
    found, tried = searched({"lr": lr, "init_gain": gain})
    for key, best in {"lr": lr, "init_gain": gain}.items():
        assert abs(math.log(found[key] / best)) <= math.log(FACTORS[key]) / 2 + 1e-9
        values = {one[key] for one in tried}
        assert min(values) < found[key] < max(values)
        assert len(tried) % len(values) == 0  # a grid
    assert len(tried) == len({tuple(one.items()) for one in tried})
    assert {one["weight_decay"] for one in (found, *tried)} == {0.0}


@given(st.floats(1e-3, 0.1), st.floats(0.03, 10.0))
def test_a_decay_is_found_above_0(lr, decay):
    found, tried = searched({"lr": lr, "weight_decay": decay})
    assert abs(math.log(found["weight_decay"] / decay)) <= math.log(10) / 4 + 1e-9
    values = sorted({one["weight_decay"] for one in tried})
    assert values[:4] == pytest.approx([0, 0.01, 0.1**1.5, 0.1])
    assert found["weight_decay"] < values[-1]


def test_no_decay_may_be_the_best():
    found, tried = searched({"weight_decay": 0.0})
    assert found == START
    assert [one["weight_decay"] for one in tried] == pytest.approx([0, 0.01, 0.1**1.5, 0.1])


def test_a_search_starts_from_what_the_parameters_say():
    params = load_params()
    leaky = CapsNetArm(3, 1.0, algorithm="leaky", model="capsnet", init_gain=1.0)
    assert start_of(leaky, params) == {"lr": 0.005, "init_gain": 1.0, "weight_decay": 0.0}
    cnn = CNNArm("cnn160", weight_decay=0.1)
    assert start_of(cnn, params) == {"lr": params.train.lr_cnn, "weight_decay": 0.1}


def test_what_was_tried_is_not_run_again(tmp_path, monkeypatch):
    ran = []

    def one_run(facts, arm, trial, *_):
        ran.append((facts["lr"], facts["weight_decay"], trial))
        return {**facts, "trial": trial, "exact_match": facts["lr"] + trial}

    monkeypatch.setattr(tune, "FOUND", tmp_path / "tune.csv")
    monkeypatch.setattr(tune, "one_run", one_run)
    monkeypatch.setenv("CAPS_WORKERS", "1")
    params = load_params()
    sets = (ImageSet(np.zeros((10, 36, 36)), np.zeros((10, 2))),) * 2
    tried = partial(tune.tried, "cnn", params.sweep["cnn"], params, params.train, sets)
    first = {"lr": 0.1, "weight_decay": 0.0}
    assert tried([first]) == pytest.approx([0.6])
    assert ran == [(0.1, 0.0, 0), (0.1, 0.0, 1)]
    again = first | {"lr": 0.1 + 1e-15}
    assert tried([first | {"lr": 0.2}, again]) == pytest.approx([0.7, 0.6])
    assert tried([first | {"weight_decay": 0.02}]) == pytest.approx([0.6])
    assert ran[2:] == [(0.2, 0.0, 0), (0.2, 0.0, 1), (0.1, 0.02, 0), (0.1, 0.02, 1)]
    tune.tried("n3", params.sweep["n3"], params, params.train, sets, [first | {"init_gain": 1.0}])
    assert len(ran) == 8 and len(read_table(tune.FOUND)) == 8


def test_what_is_killed_loses_only_what_runs(tmp_path, monkeypatch):
    def one_run(facts, arm, trial, *_):
        if facts["lr"] == 0.2:
            raise KeyboardInterrupt
        return {**facts, "trial": trial, "exact_match": 0.5}

    monkeypatch.setattr(tune, "FOUND", tmp_path / "tune.csv")
    monkeypatch.setattr(tune, "one_run", one_run)
    params = load_params()
    sets = (ImageSet(np.zeros((10, 36, 36)), np.zeros((10, 2))),) * 2
    with pytest.raises(KeyboardInterrupt):
        grid = [{"lr": lr, "weight_decay": 0.0} for lr in (0.1, 0.2)]
        tune.tried("cnn", params.sweep["cnn"], params, params.train, sets, grid)
    assert read_table(tune.FOUND)["lr"].tolist() == [0.1, 0.1]


def test_the_results_of_the_project_can_be_read(monkeypatch):
    """Those of earlier searches count as without decay."""
    monkeypatch.chdir(ROOT)
    known = tune.trials({"arm": "n3", "epochs": 4, "images": 30889})
    assert {tune.key_of(START, trial) for trial in range(2)} <= known.keys()
    known = tune.trials({"arm": "cnn", "epochs": 4, "images": 30889})
    assert tune.key_of({"lr": 0.004 / 1.5, "weight_decay": 0.0}, 1) in known


@pytest.mark.parametrize(
    ("arms", "over", "message"),
    [
        (["n3", "n4"], ["lr"], "no arm 'n4'; there are n1, "),
        (["n3", "cnn"], ["init_gain"], "cnn has no 'init_gain'; there are lr, weight_decay"),
        (["n3"], ["lr", "decay"], "n3 has no 'decay'; there are lr, init_gain, weight_decay"),
    ],
)
def test_what_cannot_be_searched_is_named_before_any_digits_are_read(
    monkeypatch, arms, over, message
):
    monkeypatch.chdir(ROOT)
    with pytest.raises(typer.BadParameter, match=message):
        main(arms, over)
