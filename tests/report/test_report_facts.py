"""What the report computes for itself, and how it prints a value."""

from dataclasses import replace

import numpy as np
import pytest

from capsnet_study.common.storage import read_yaml
from capsnet_study.names import FAITHFULNESS, MEASURES
from capsnet_study.report.compute import RUNTIME_GROUPS, hosts, runtime_groups
from capsnet_study.report.facts import (
    best_models,
    entropy_floor,
    gradient_pairs,
    nearer_by_perplexity,
    over_trials,
    ranked_arms,
    scale_of,
    trials_text,
    uniform_share,
)
from capsnet_study.report.layers import layer_rows
from capsnet_study.routing.route import couplings
from capsnet_study.training.arms import routed_arms, without_own_gain
from tests.report.report_inputs import (
    PARAMS,
    QUICK,
    data_record,
    params_of,
    runtime_records,
    sensitivity_table,
)
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


def test_what_stays_uniform_is_lost_once_an_update():
    """The couplings of n iterations are updated n - 1 times."""
    shares = [uniform_share(n, eta) for n, eta in ((1, 0.25), (2, 0.25), (3, 0.25), (3, 1.0))]
    assert shares == [1.0, 0.75, 0.5625, 0.0]


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
    found = {group.name: (group.stages, group.seconds) for group in runtime_groups(records)}
    assert found == {
        name: (stages, stages * 1800.0)
        for name, stages in {"data sets": 2, "sweep": len(ARMS), "activations and maps": 1}.items()
    }


def test_the_memory_of_a_group_is_that_of_its_largest_stage():
    records = [
        one | {"peak_memory_mb": size}
        for one, size in zip(runtime_records(PARAMS)[:3], (100.0, 50.0, 300.0), strict=True)
    ]
    assert [group.peak for group in runtime_groups(records)] == [300.0, 50.0]


def test_machines_are_told_with_all_that_differed():
    first, second = runtime_records(PARAMS)[:2]
    found = hosts([first, second | {"cpu": "Another", "workers": "2"}])
    assert found["CPU"] == ["A processor", "Another"] and found["cores"] == ["2"]
    assert found["trials side by side"] == ["2", "cluster"]


def test_each_stage_that_keeps_a_record_has_its_group():
    stages = set(read_yaml("dvc.yaml")["stages"]) - {"code", "report"}
    assert sorted(stages) == sorted(name for names in RUNTIME_GROUPS.values() for name in names)


def test_a_run_falls_short_in_digits_images_and_trials():
    small, paper = scale_of(data_record(QUICK), QUICK), scale_of(data_record(PARAMS), PARAMS)
    assert small.shortfalls[1] == "40 training images instead of 30,889"
    assert small.shortfalls[2] == "1 trial per arm instead of 5" and len(small.shortfalls) == 3
    assert paper.shortfalls == [] and paper.narrower
    clothes = params_of(data={"source": "fashion"})
    assert scale_of(data_record(clothes), clothes).shortfalls == ["not MNIST but Fashion-MNIST"]
    wide = params_of(model={"conv_channels": 256, "primary_groups": 32, "cap1_capsules": 32})
    assert not scale_of(data_record(wide), wide).narrower
    for part in ({"conv_channels": 255}, {"primary_groups": 31}, {"cap1_capsules": 31}):
        less = replace(wide, model=replace(wide.model, **part))
        assert scale_of(data_record(less), less).narrower


def test_a_spread_is_told_where_there_are_trials_for_it():
    assert "1 s.d." in over_trials(PARAMS) and "no spread" in over_trials(QUICK)


def test_layers_are_counted_with_their_neurons_and_weights():
    names, rows = layer_rows(PARAMS, 1, control=True)
    counted = [[(size.neurons, size.parameters) for size in row] for row in rows]
    conv = 28 * 28 * 32, 32 * 81 + 32
    assert names == ["CapsNet", "CNN", "CNN-160"] and counted[0] == [conv] * 3
    cap1 = 160, 400 * 8 * 160 + 160
    classes = 160 * 160 + 160
    assert counted[2] == [cap1] * 3
    assert counted[3] == [(160, classes), (10, 160 * 10 + 10), (160, classes)]
    assert [size.name for size in rows[2]] == ["Cap1", "Linear1", "Linear1"]
    assert [size.shape for size in rows[2]] == ["10 × 16", "160", "160"]
    assert [size.shape for size in rows[1]][:2] == ["32 × 10 × 10"] * 2
    _, deeper = layer_rows(PARAMS, 2, control=False)
    assert [size.neurons for size in deeper[3]] == [160, 160] and len(deeper) == 5


def test_arms_with_trials_of_their_own_are_counted():
    assert trials_text(PARAMS) == "5 trials per arm" and trials_text(QUICK) == "1 trial per arm"
    fewer = replace(PARAMS.sweep["n3"], trials=3)
    changed = replace(PARAMS, sweep=PARAMS.sweep | {"n3": fewer})
    assert trials_text(changed) == f"5 trials per arm, 3 in 1 of the {len(PARAMS.arms)} arms"


def test_the_nearer_network_has_the_smaller_distance():
    table = sensitivity_table().assign(mean=0.5)
    assert {row.nearer for row in nearer_by_perplexity(table)} == {"neither"}
    near = (table["model"] == "capsnet") & (table["perplexity"] == 10)
    far = (table["model"] == "capsnet") & (table["perplexity"] == 40)
    table.loc[near, "mean"], table.loc[far, "mean"] = 0.4, 0.6
    rows = nearer_by_perplexity(table)
    told = [(row.perplexity, row.nearer, row.capsnet, row.cnn) for row in rows]
    assert told == [(10, "CapsNet", 0.4, 0.5), (20, "neither", 0.5, 0.5), (40, "CNN", 0.6, 0.5)] * 3


def test_the_best_of_each_measure_is_on_its_better_side():
    low, high = ({key: {"mean": mean} for key in FAITHFULNESS} for mean in (0.2, 0.8))
    best = best_models({"cnn": low, "capsnet": high})
    smaller = [MEASURES[key].name for key in FAITHFULNESS if MEASURES[key].better == "lower"]
    larger = [MEASURES[key].name for key in FAITHFULNESS if MEASURES[key].better == "higher"]
    assert best == {"cnn": smaller, "capsnet": larger} and smaller and larger
