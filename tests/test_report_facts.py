"""What the report computes for itself, and how it prints a value."""

from dataclasses import replace

import numpy as np
import pytest

from capsnet_study.params import CapsNetArm, CNNArm
from capsnet_study.report import Results
from capsnet_study.report_facts import (
    entropy_floor,
    gradient_pairs,
    most_certain_free,
    ranked_arms,
    runtime_groups,
    uniform_share,
)
from capsnet_study.report_text import part_row, verdict_text
from capsnet_study.routing import couplings
from tests.report_inputs import PARAMS, results_of


@pytest.fixture(scope="module")
def results() -> Results:
    return results_of(PARAMS)


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
    assert most_certain_free(arms, fitting) == {"arm": "small gain", "share": 0.4}
    assert most_certain_free({"n1": arms["n1"]}, fitting) is None


def test_the_floor_is_that_of_one_winner():
    assert entropy_floor(1.0, 10) == pytest.approx(1.0)
    assert entropy_floor(0.0, 10) == 0.0
    c = np.array([0.5 / 4 + 0.5, *[0.5 / 4] * 3])
    assert entropy_floor(0.5, 4) == pytest.approx(-(c * np.log(c)).sum() / np.log(4))


def test_arms_are_ranked_and_paired_by_what_they_are(results):
    uniform, routed = ranked_arms(PARAMS.sweep, results.fitting)
    assert uniform == ["n1"] and len(routed) == 12
    means = [results.fitting[name]["exact_match"]["mean"] for name in routed]
    assert means == sorted(means, reverse=True)
    assert gradient_pairs(PARAMS.sweep) == [("n3", "n3_last"), ("n7", "n7_last")]


def test_stages_are_grouped_once(results):
    groups = {group["name"]: group["stages"] for group in runtime_groups(results.runtime)}
    arms = len(PARAMS.sweep)
    assert groups == {"data sets": 2, "sweep": arms, "activations and maps": 1}


def part(**changes) -> dict:
    whole = {"label": "exact_match: n5 − n3", "n": 5, "dropped": 0, "mean": 0.013,
             "low": -0.008, "high": 0.018, "expected": "within 0.01",
             "outcome": "inconclusive"}  # fmt: skip
    return whole | changes


def test_a_part_is_printed_in_its_unit():
    assert part_row(part(), "3.1") == {
        "what": "final exact match: `n5` − `n3`",
        "n": "5 trials",
        "mean": "+1.30 points",
        "interval": "[−0.80, +1.80]",
        "expected": "within ±1 points",
    }
    drop = part_row(part(label="drop_A1B: capsnet", expected="below 0.05"), "3.3")
    assert drop["what"] == "drop from base to A1B: `capsnet`"
    assert drop["expected"] == "below 5 points" and drop["n"] == "5 splits × directions"
    entropy = part_row(part(label="entropy_change: n2", expected="below 0"), "3.1")
    assert entropy["mean"] == "+0.0130 nats" and entropy["expected"] == "below 0"


def test_units_that_were_left_out_are_counted_beside_the_others():
    assert part_row(part(n=3, dropped=2), "3.1")["n"] == "3 trials (2 left out)"
    assert part_row(part(n=1, dropped=4), "3.1")["n"] == "1 trial (4 left out)"
    entropy = part_row(part(label="entropy_change_r2: n2", expected="below 0"), "3.1")
    assert entropy["what"] == "change of R2's entropy over training: `n2`"


def test_a_correlation_has_a_permutation_test_for_an_interval():
    label = "Spearman(entropy_at_tenth, exact_match): capsule_arms (p = 0.0312)"
    row = part_row(part(label=label, low=None, high=None, expected="above 0, p < 0.05"), "3.1")
    assert row["interval"] == "n/a (permutation test)" and row["n"] == "5 arms"
    assert row["what"].endswith("all CapsNet arms (p = 0.0312)")
    assert row["expected"] == "above 0, p < 0.05"


@pytest.mark.parametrize(
    ("n", "section", "text"),
    [(1, "3.1", "n/a (one trial)"), (1, "3.2", "n/a (one value)"), (0, "3.1", "n/a (no values)")],
)
def test_what_has_no_interval_says_why(n, section, text):
    assert part_row(part(n=n, low=None, high=None), section)["interval"] == text


def test_the_parts_of_a_claim_are_summed_up():
    parts = [part(outcome=name) for name in ("reproduced", "reproduced", "contradicted")]
    text = verdict_text({"verdict": "contradicted", "parts": parts})
    assert text == "Of its 3 parts, 2 lie on the paper's side and 1 lies on the opposite side."
    alone = verdict_text({"verdict": "reproduced", "parts": parts[:1]})
    assert alone == "Its one part lies on the paper's side."
