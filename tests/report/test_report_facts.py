"""What the report computes for itself, and how it prints a value."""

from dataclasses import replace

import numpy as np
import pytest

from capsnet_study.common.storage import read_yaml
from capsnet_study.report.compute import RUNTIME_GROUPS, runtime_groups
from capsnet_study.report.facts import (
    entropy_floor,
    gradient_pairs,
    ranked_arms,
    scale_of,
    trials_text,
    uniform_share,
)
from capsnet_study.report.layers import layer_rows
from capsnet_study.routing.route import couplings
from capsnet_study.training.arms import routed_arms, without_own_gain
from stages.verify import WITHOUT_RECORD
from tests.report.report_inputs import PARAMS, QUICK, data_record, params_of, runtime_records
from tests.tables import ARMS

FITTING = {
    key: {"exact_match": {"mean": 0.5 + 0.07 * (place % 7)}} for place, key in enumerate(ARMS)
}


@pytest.mark.parametrize(("n_iter", "eta"), [(6, 0.01), (6, 0.5), (3, 0.1), (1, 1.0)])
def test_couplings_keep_to_the_floor_of_their_entropy(n_iter, eta, rng):
    import torch

    votes = torch.from_numpy(20 * rng.standard_normal((2, 30, 10, 4)))
    c = couplings(votes, n_iter, eta)
    share = uniform_share(n_iter, eta)
    assert c.min() >= share / 10 - 1e-12
    entropy = torch.special.entr(c).sum(-1) / np.log(10)
    assert entropy.min() >= entropy_floor(share, 10) - 1e-12


def test_the_floor_is_that_of_one_winner():
    assert entropy_floor(1.0, 10) == pytest.approx(1.0)
    assert entropy_floor(0.0, 10) == 0.0
    c = np.array([0.5 / 4 + 0.5, *[0.5 / 4] * 3])
    assert entropy_floor(0.5, 4) == pytest.approx(-(c * np.log(c)).sum() / np.log(4))


def test_arms_are_ranked_by_accuracy_and_those_with_a_gain_of_their_own_left_out():
    uniform, routed = ranked_arms(ARMS, FITTING)
    assert uniform == ["n1"] and set(routed) == routed_arms(ARMS).keys()
    means = [FITTING[name]["exact_match"]["mean"] for name in routed]
    assert means == sorted(means, reverse=True)
    assert ranked_arms(without_own_gain(ARMS), FITTING) == (uniform, routed)


def test_arms_that_differ_in_their_gradient_alone_are_paired():
    assert gradient_pairs(ARMS) == [("n3", "n3_last"), ("n7", "n7_last")]
    other = replace(ARMS["n3_last"], init_gain=0.5)
    assert gradient_pairs({"n3": ARMS["n3"], "n3_last": other}) == []
    hot = replace(ARMS["n3"], temperature=2.0, trials=2)
    assert gradient_pairs(ARMS | {"hot": hot}) == gradient_pairs(ARMS)


def test_stages_are_grouped_once():
    records = runtime_records(PARAMS)
    found = {
        group["name"]: (group["stages"], group["seconds"]) for group in runtime_groups(records)
    }
    assert found == {
        name: (stages, stages * 1800.0)
        for name, stages in {"data sets": 2, "sweep": len(ARMS), "activations and maps": 1}.items()
    }


def test_each_stage_that_keeps_a_record_has_its_group():
    stages = set(read_yaml("dvc.yaml")["stages"]) - {*WITHOUT_RECORD}
    assert sorted(stages) == sorted(name for names in RUNTIME_GROUPS.values() for name in names)


def test_a_run_falls_short_in_digits_images_and_trials():
    small, paper = scale_of(data_record(QUICK), QUICK), scale_of(data_record(PARAMS), PARAMS)
    assert len(small.shortfalls) == 3 and "40 " in small.shortfalls[1]
    assert paper.shortfalls == [] and paper.narrower
    clothes = params_of(data={"source": "fashion"})
    assert scale_of(data_record(clothes), clothes).shortfalls == ["not MNIST but Fashion-MNIST"]
    wide = params_of(model={"conv_channels": 256, "primary_groups": 32, "cap1_capsules": 32})
    assert not scale_of(data_record(wide), wide).narrower


def test_layers_are_counted_with_their_neurons_and_weights():
    names, rows = layer_rows(PARAMS, 1, control=True)
    counted = [[(size.neurons, size.parameters) for size in row] for row in rows]
    conv = 28 * 28 * 32, 32 * 81 + 32
    assert names == ["CapsNet", "CNN", "CNN-160"] and counted[0] == [conv] * 3
    cap1 = 160, 400 * 8 * 160 + 160
    classes = 160 * 160 + 160
    assert counted[2] == [cap1] * 3
    assert counted[3] == [(160, classes), (10, 160 * 10 + 10), (160, classes)]
    _, deeper = layer_rows(PARAMS, 2, control=False)
    assert [size.neurons for size in deeper[3]] == [160, 160] and len(deeper) == 5


def test_arms_with_trials_of_their_own_are_counted():
    assert trials_text(PARAMS) == "5 trials an arm" and trials_text(QUICK) == "1 trial an arm"
    fewer = replace(PARAMS.sweep["n3"], trials=3)
    changed = replace(PARAMS, sweep=PARAMS.sweep | {"n3": fewer})
    assert trials_text(changed) == f"5 trials an arm, 3 in 1 of the {len(PARAMS.arms)} arms"
