"""What the report computes for itself, and how it prints a value."""

from dataclasses import replace

import numpy as np
import pytest

from capsnet_study.report.facts import (
    arm_text,
    dead_shares,
    entropy_floor,
    gradient_pairs,
    layer_rows,
    most_certain_free,
    ranked_arms,
    runtime_groups,
    scale_of,
    uniform_share,
)
from capsnet_study.report.text import verdict_text
from capsnet_study.routing.route import couplings
from capsnet_study.training.arms import CapsNetArm, CNNArm, routed_arms, without_own_gain
from tests.report.report_inputs import PARAMS, QUICK, data_record, params_of, runtime_records
from tests.tables import ARMS, part_record

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


def test_the_most_certain_arm_is_sought_where_no_update_rate_sets_a_floor():
    shares = {"soft": 0.1, "fitness": 0.2, "n1": 0.3, "small gain": 0.4, "n3": 0.5}
    plain = CapsNetArm(3, 1.0, model="capsnet")
    arms = {
        "soft": replace(plain, eta=0.5),
        "fitness": replace(plain, eta_max=1.0),
        "n1": replace(plain, n_iter=1),
        "small gain": replace(plain, init_gain=0.1),
        "n3": plain,
        "cnn": CNNArm("cnn"),
    }
    fitting = {name: {"entropy_share_r1": {"mean": share}} for name, share in shares.items()}
    assert most_certain_free(arms, fitting) == "small gain"
    assert most_certain_free({"n1": arms["n1"]}, fitting) is None


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


def test_only_some_arms_need_more_words_than_their_names():
    silent = {key for key, arm in ARMS.items() if not arm_text(arm)}
    assert ARMS.keys() - silent == {"n1", "n6_fitness", "cnn", "cnn160"}
    assert "0.01" in arm_text(ARMS["n6_fitness"]) and "1" in arm_text(ARMS["n6_fitness"])


def test_dead_capsules_are_those_of_capsnets():
    fitting = {"n3": {"dead_share": {"mean": 0.25}}, "cnn": {}}
    assert dead_shares(fitting) == [{"arm": "n3", "share": 0.25}]


def test_stages_are_grouped_once():
    records = runtime_records(PARAMS)
    found = {
        group["name"]: (group["stages"], group["seconds"]) for group in runtime_groups(records)
    }
    assert found == {
        name: (stages, stages * 1800.0)
        for name, stages in {"data sets": 2, "sweep": len(ARMS), "activations and maps": 1}.items()
    }


def test_a_run_falls_short_in_digits_images_and_trials():
    small, paper = scale_of(data_record(QUICK), QUICK), scale_of(data_record(PARAMS), PARAMS)
    assert len(small.shortfalls) == 3 and "40 " in small.shortfalls[1]
    assert paper.shortfalls == [] and paper.narrower
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


def test_the_parts_of_a_claim_are_summed_up():
    parts = [part_record(outcome=name) for name in ("reproduced", "reproduced", "contradicted")]
    text = verdict_text({"verdict": "contradicted", "parts": parts})
    assert text == "Of its 3 parts, 2 lie on the paper's side and 1 lies on the opposite side."
    alone = verdict_text({"verdict": "reproduced", "parts": parts[:1]})
    assert alone == "Its one part lies on the paper's side."
