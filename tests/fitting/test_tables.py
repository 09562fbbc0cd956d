"""The arms of the sweep in one table, and one row per trial."""

import math
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from capsnet_study.common.storage import read_table, write_table
from capsnet_study.fitting.tables import (
    gather_arms,
    summarise_trials,
    without_shares,
)
from capsnet_study.training.arms import FIRST_FACTS, CapsNetArm, CNNArm, arms_in
from capsnet_study.training.history import history_table

STEPS = (0, 5, 10, 100)
LOG_J = 2.4
ARMS = {
    "n3": CapsNetArm(3, 1.0, model="capsnet"),
    "n6_fitness": CapsNetArm(6, 0.01, "last", 1.0, model="capsnet", init_gain=2.0),
    "cnn": CNNArm("cnn"),
}


def trial(accuracy, entropy=None):
    found = [
        {"step": step, "epoch": step / 50, "exact_match": right}
        for step, right in zip(STEPS, accuracy, strict=True)
    ]
    for row, value in zip(found, entropy or [], strict=False):
        row |= {"entropy_r1": value, "entropy_r2": 10 - value, "entropy_share_r1": value / LOG_J}
        row |= {"effective_mass": 10 * value, "effective_gradient": value, "mass_0": 0.4}
    return found


@pytest.fixture
def histories():
    n3 = [
        trial([0.0, 0.1, 0.5, 0.6], [2.3, 2.0, 1.4, 1.0]),
        trial([0.0, 0.2, 0.4, 0.8], [2.3, 2.2, 2.0, 2.1]),
    ]
    return {
        "n3": history_table(n3),
        "n6_fitness": history_table([trial([0.0, 0.1, 0.2, 0.3], [1.0, 1.5, 1.6, 1.7])]),
        "cnn": history_table([trial([0.0, 0.3, 0.6, 0.9])]),
    }


@pytest.fixture
def table(histories):
    return gather_arms(histories, ARMS)


@pytest.fixture
def trials(table):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return summarise_trials(table).set_index(["arm", "trial"])


def of_n3(history) -> pd.DataFrame:
    return summarise_trials(gather_arms({"n3": history}, {"n3": ARMS["n3"]}))


def test_every_row_names_its_arm_and_settings(table):
    assert tuple(table)[: len(FIRST_FACTS)] == FIRST_FACTS
    assert len(table) == 16
    assert arms_in(table) == ARMS
    assert table.loc[table["arm"] == "cnn", [*FIRST_FACTS[2:], "entropy_r1"]].isna().all(axis=None)


def test_a_setting_has_a_column_only_where_some_arm_is_unusual(histories):
    arms = {
        "n3": CapsNetArm(3, 1.0, model="capsnet", couplings_of="other", routed_from=0.25),
        "cnn": CNNArm("cnn", 0.01),
    }
    table = gather_arms(histories, arms)
    assert {"couplings_of", "routed_from", "lr"} <= set(table)
    assert not {"algorithm", "certainty", "routed_until", "temperature"} & set(table)
    assert arms_in(table) == arms


def test_only_declared_arms_are_gathered(histories):
    fewer = {name: arm for name, arm in ARMS.items() if name != "n6_fitness"}
    assert set(gather_arms(histories, fewer)["arm"]) == {"n3", "cnn"}
    with pytest.raises(KeyError, match="n9"):
        gather_arms(histories, ARMS | {"n9": CapsNetArm(9, 1.0, model="capsnet")})


def test_tables_survive_their_files(table, tmp_path):
    """Whole numbers stay whole, and no digit is lost that ranks depend on."""
    write_table(tmp_path / "fitting.csv", table)
    text = (tmp_path / "fitting.csv").read_text().splitlines()
    assert text[1].startswith("n3,capsnet,3,1")
    assert text[-1].startswith("cnn,cnn,,,,,,0,100,2,0.9")
    again = summarise_trials(read_table(tmp_path / "fitting.csv"))
    assert again.round(4).equals(summarise_trials(table).round(4))

    tiny = [np.log(10) - step * 1e-12 for step in range(4)]
    write_table(tmp_path / "n3.csv", history_table([trial([0.0, 0.1, 0.5, 0.6], tiny)]))
    found = of_n3(read_table(tmp_path / "n3.csv"))
    assert found["spearman_entropy_accuracy"].tolist() == [-1]
    assert found["entropy_last"].tolist() == [tiny[-1]]


def test_trials_by_hand(trials):
    assert list(trials.index) == [("n3", 0), ("n3", 1), ("n6_fitness", 0), ("cnn", 0)]
    first, second, follows = (trials.iloc[row] for row in range(3))
    expected = {
        "exact_match": 0.6,
        "area_under_curve": (5 * 0.05 + 5 * 0.3 + 90 * 0.55) / 100,
        "entropy_first": 2.3,
        "entropy_last": 1.0,
        "entropy_change": -1.3,
        "entropy_at_tenth": 1.4,
        "spearman_entropy_accuracy": -1,
        "log_gap_at_tenth": math.log(LOG_J - 1.4),
        "entropy_first_r2": 7.7,
        "entropy_last_r2": 9.0,
        "entropy_change_r2": 1.3,
        "entropy_at_tenth_r2": 8.6,
        "spearman_entropy_accuracy_r2": 1,
    }
    assert first[list(expected)].to_dict() == pytest.approx(expected)
    assert second["spearman_entropy_accuracy"] == pytest.approx(-0.8)
    assert follows["spearman_entropy_accuracy"] == pytest.approx(1)


def test_a_cnn_has_no_entropy(trials, histories):
    known = ["exact_match", "area_under_curve", "exact_match_at_tenth", "exact_match_at_third"]
    cnn = trials.loc[("cnn", 0)]
    assert cnn["exact_match"] == 0.9 and cnn.drop(known).isna().all()
    alone = summarise_trials(gather_arms(histories, {"cnn": ARMS["cnn"]}))
    assert alone["exact_match"].tolist() == [0.9]


def test_each_measure_is_of_its_own_share_of_the_steps():
    """At the nearest evaluation, without interpolation."""
    steps = np.array([0, 12, 16, 33, *range(40, 110, 10)])
    accuracy = np.arange(0, 110, 10) / 100
    entropy = np.array([2.3, 2.2, 2.0, 2.1, 0.4, 0.5, 2.0, 1.9, 1.8, 1.7, 1.6])
    evaluations = {"step": steps, "epoch": steps / 50, "exact_match": accuracy}
    evaluations |= {"entropy_r1": entropy, "entropy_share_r1": entropy / LOG_J}
    evaluations |= {"effective_mass": 10 - accuracy, "effective_gradient": 9 - accuracy}
    (found,) = of_n3(history_table([pd.DataFrame(evaluations).to_dict("records")])).to_dict(
        "records"
    )
    assert (found["exact_match_at_tenth"], found["exact_match_at_third"]) == (0.1, 0.3)
    assert (found["entropy_at_tenth"], found["entropy_at_third"]) == (2.2, 2.1)
    assert found["effective_mass_at_tenth"] == pytest.approx(9.9)
    assert found["effective_gradient_at_tenth"] == pytest.approx(8.9)
    second_half = spearmanr(entropy[5:], accuracy[5:]).statistic
    assert found["spearman_second_half"] == pytest.approx(second_half)


def test_uniform_coupling_has_no_early_gap(histories):
    for gap, expected in ((1e-9, math.nan), (1e-5, math.log(1e-5))):
        history = histories["n3"].assign(entropy_r1=LOG_J - gap, entropy_share_r1=1 - gap / LOG_J)
        found = of_n3(history)["log_gap_at_tenth"].tolist()
        assert found == pytest.approx([expected] * 2, nan_ok=True)


def test_shares_of_single_capsules_are_left_out_but_not_how_many_there_are(table):
    assert "mass_0" in table
    shown = without_shares(table)
    assert "mass_0" not in shown and {"effective_mass", "effective_gradient"} <= set(shown)
