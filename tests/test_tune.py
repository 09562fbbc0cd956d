"""The search for a learning rate and a gain: up to a setting whose neighbours are worse."""

import math
from functools import partial

import numpy as np
import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from capsnet_study.params import load_params
from capsnet_study.training.arms import CapsNetArm
from capsnet_study.training.trials import ImageSet
from scripts.tune import FACTORS, Setting, main, search, start_of
from tests.project import ROOT


def peak_at(best: Setting):
    def scores(settings: list[Setting]) -> list[float]:
        return [-sum(math.log(one[key] / best[key]) ** 2 for key in one) for one in settings]

    return scores


@given(st.floats(1e-4, 1.0), st.floats(0.05, 5.0))
def test_the_best_setting_is_found_and_lies_on_no_edge(lr, gain):
    tried: list[Setting] = []

    def scores(settings: list[Setting]) -> list[float]:
        tried.extend(settings)
        return peak_at({"lr": lr, "init_gain": gain})(settings)

    found = search({"lr": 0.005, "init_gain": 0.5}, scores)
    for key, best in {"lr": lr, "init_gain": gain}.items():
        assert abs(math.log(found[key] / best)) <= math.log(FACTORS[key]) / 2 + 1e-9
        values = {one[key] for one in tried}
        assert min(values) < found[key] < max(values)
    assert len(tried) == len({tuple(one.items()) for one in tried})


def test_a_search_starts_from_what_the_parameters_say():
    params = load_params()
    leaky = CapsNetArm(3, 1.0, algorithm="leaky", model="capsnet", init_gain=1.0)
    assert start_of(leaky, params) == {"lr": 0.005, "init_gain": 1.0}
    assert start_of(params.sweep["cnn160"], params) == {"lr": params.train.lr_cnn}


def test_what_was_tried_is_not_run_again(tmp_path, monkeypatch):
    from scripts import tune

    ran = []

    def one_run(facts, arm, trial, *_):
        ran.append((facts["lr"], trial))
        return {**facts, "trial": trial, "exact_match": facts["lr"] + trial}

    monkeypatch.setattr(tune, "FOUND", tmp_path / "tune.csv")
    monkeypatch.setattr(tune, "one_run", one_run)
    monkeypatch.setenv("CAPS_WORKERS", "1")
    params = load_params()
    sets = (ImageSet(np.zeros((10, 36, 36)), np.zeros((10, 2))),) * 2
    tried = partial(tune.tried, "cnn", params.sweep["cnn"], {}, params, params.train, sets)
    assert tried([{"lr": 0.1}]) == pytest.approx([0.6])
    assert tried([{"lr": 0.2}, {"lr": 0.1}]) == pytest.approx([0.7, 0.6])
    assert ran == [(0.1, 0), (0.1, 1), (0.2, 0), (0.2, 1)]


def test_an_arm_that_is_not_there_is_named_before_any_digits_are_read(monkeypatch):
    monkeypatch.chdir(ROOT)
    with pytest.raises(typer.BadParameter, match="no arm 'n4'; there are n1, "):
        main(["n3", "n4"])
