"""The arms of the sweep in one table."""

import warnings

import numpy as np
import pytest

from capsnet_study.fitting import ARM_FACTS, gather_arms, summarise_trials
from capsnet_study.params import CapsNetArm, CNNArm
from capsnet_study.storage import read_table, write_table
from capsnet_study.summary import history_table

STEPS = (0, 5, 20, 100)
ARMS = {
    "n3": CapsNetArm(3, 1.0, model="capsnet"),
    "n6_fitness": CapsNetArm(6, 0.01, "last", 1.0, model="capsnet"),
    "cnn": CNNArm("cnn"),
}


def trial(accuracy, entropy=None):
    found = [
        {"step": step, "exact_match": right} for step, right in zip(STEPS, accuracy, strict=True)
    ]
    for row, value in zip(found, entropy or [], strict=False):
        row["entropy_r1"] = value
    return found


@pytest.fixture
def histories():
    return {
        "n3": history_table(
            [
                trial([0.0, 0.1, 0.5, 0.6], [2.3, 2.0, 1.4, 1.0]),
                trial([0.0, 0.2, 0.4, 0.8], [2.3, 2.2, 2.0, 2.1]),
            ]
        ),
        "n6_fitness": history_table([trial([0.0, 0.1, 0.2, 0.3], [1.0, 1.5, 1.6, 1.7])]),
        "cnn": history_table([trial([0.0, 0.3, 0.6, 0.9])]),
    }


@pytest.fixture
def table(histories):
    return gather_arms(histories, ARMS)


@pytest.fixture
def trials(table):
    return summarise_trials(table).set_index(["arm", "trial"])


def test_every_row_names_its_arm_and_settings(table):
    assert list(table)[: len(ARM_FACTS)] == ARM_FACTS
    facts = table.drop_duplicates("arm").set_index("arm")
    assert list(facts.index) == list(ARMS)
    assert facts["model"].tolist() == ["capsnet", "capsnet", "cnn"]
    fitness = facts.loc["n6_fitness"]
    assert (fitness["n_iter"], fitness["eta"], fitness["eta_max"]) == (6, 0.01, 1.0)
    assert fitness["gradient"] == "last"
    assert facts.loc["cnn", ["n_iter", "eta", "eta_max", "gradient", "entropy_r1"]].isna().all()
    assert facts["eta_max"].isna().tolist() == [True, False, True]
    assert len(table) == 16


def test_whole_numbers_stay_whole_in_the_file(table, tmp_path):
    write_table(tmp_path / "fitting.csv", table)
    text = (tmp_path / "fitting.csv").read_text().splitlines()
    assert text[1].startswith("n3,capsnet,3,1")
    assert text[-1].startswith("cnn,cnn,,,,,0,100,0.9")
    again = summarise_trials(read_table(tmp_path / "fitting.csv"))
    assert again.round(4).equals(summarise_trials(table).round(4))


def test_no_warning_is_given(histories):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        summarise_trials(gather_arms(histories, ARMS))


def test_an_arm_that_is_no_longer_declared_vanishes(histories):
    fewer = {name: arm for name, arm in ARMS.items() if name != "n6_fitness"}
    assert set(gather_arms(histories, fewer)["arm"]) == {"n3", "cnn"}
    with pytest.raises(KeyError, match="n9"):
        gather_arms(histories, ARMS | {"n9": CapsNetArm(9, 1.0, model="capsnet")})


def test_a_row_an_arm_and_trial(trials):
    assert list(trials.index) == [("n3", 0), ("n3", 1), ("n6_fitness", 0), ("cnn", 0)]
    assert list(trials) == [
        "exact_match",
        "area_under_curve",
        "entropy_first",
        "entropy_last",
        "entropy_change",
        "entropy_at_tenth",
        "spearman_entropy_accuracy",
    ]


def test_trials_by_hand(trials):
    first = trials.loc[("n3", 0)]
    assert first["exact_match"] == 0.6
    area = (5 * 0.05 + 15 * 0.3 + 80 * 0.55) / 100
    assert first["area_under_curve"] == pytest.approx(area)
    assert (first["entropy_first"], first["entropy_last"]) == (2.3, 1.0)
    assert first["entropy_change"] == pytest.approx(-1.3)
    assert first["entropy_at_tenth"] == pytest.approx(2.0 - 0.6 / 3)  # step 10 between 5 and 20
    assert first["spearman_entropy_accuracy"] == pytest.approx(-1)
    assert trials.loc[("n3", 1), "spearman_entropy_accuracy"] == pytest.approx(-0.8)
    assert trials.loc[("n6_fitness", 0), "spearman_entropy_accuracy"] == pytest.approx(1)
    assert trials.loc[("n6_fitness", 0), "entropy_change"] == pytest.approx(0.7)


def test_a_cnn_has_no_entropy(trials):
    cnn = trials.loc[("cnn", 0)]
    assert cnn["exact_match"] == 0.9
    assert cnn.drop(["exact_match", "area_under_curve"]).isna().all()


def test_constant_entropy_has_no_rank_correlation(histories):
    histories["n3"]["entropy_r1"] = np.log(10)
    found = summarise_trials(gather_arms(histories, ARMS))
    assert found.loc[found["arm"] == "n3", "spearman_entropy_accuracy"].isna().all()
    assert (found.loc[found["arm"] == "n3", "entropy_change"] == 0).all()


def test_a_sweep_of_cnns_alone_is_summarised(histories):
    found = summarise_trials(gather_arms(histories, {"cnn": ARMS["cnn"]}))
    assert found["exact_match"].tolist() == [0.9]
