"""Histories of trials, and what is made of them."""

import numpy as np
import pandas as pd
import pytest

from capsnet_study.training.history import (
    area_under_curve,
    arms_table,
    history_table,
    summarise_history,
)


def rows(accuracy, entropy=None, steps=(0, 10, 100)):
    """Evaluations of one trial."""
    found = [
        {"step": step, "exact_match": right} for step, right in zip(steps, accuracy, strict=True)
    ]
    for row, value in zip(found, entropy or [], strict=False):
        row |= {"entropy_r1": value, "entropy_share_r1": value / 2, "dead_share": 0.0}
        row |= {"entropy_r2": value / 4, "entropy_share_r2": value / 8}
        row |= {"mi_r1": 2 - value, "mi_r2": 3 - value}
    return found


def test_a_row_a_trial_and_evaluation():
    table = history_table([rows([0.0, 0.2, 0.6]), rows([0.0, 0.4, 0.8])])
    assert list(table) == ["trial", "step", "exact_match"]
    assert table["trial"].tolist() == [0, 0, 0, 1, 1, 1]
    assert table["exact_match"].tolist() == [0.0, 0.2, 0.6, 0.0, 0.4, 0.8]


def test_arms_are_one_below_the_other_with_empty_cells_where_a_measure_is_none_of_theirs():
    histories = {"cnn": history_table([rows([0.0, 0.2, 0.6])])}
    histories["n3"] = history_table([rows([0.0, 0.4, 0.8], [2.0, 1.5, 1.0])])
    table = arms_table(histories)
    assert list(table)[:4] == ["arm", "trial", "step", "exact_match"]
    assert table["arm"].tolist() == ["cnn"] * 3 + ["n3"] * 3
    assert table["entropy_r1"].isna().tolist() == [True] * 3 + [False] * 3


def test_the_area_is_the_mean_over_steps_and_not_over_evaluations():
    table = pd.DataFrame(rows([0.0, 0.2, 0.6]))
    assert area_under_curve(table) == pytest.approx((10 * 0.1 + 90 * 0.4) / 100)
    flat = pd.DataFrame(rows([0.7] * 3))
    assert area_under_curve(flat) == pytest.approx(0.7)


def test_the_record_of_a_capsnet_by_hand():
    history = history_table(
        [rows([0.0, 0.2, 0.6], [2.0, 1.5, 1.0]), rows([0.0, 0.4, 0.8], [2.0, 1.7, 1.4])]
    )
    record = summarise_history(history)
    assert (record["trials"], record["steps"]) == (2, 100)
    assert record["exact_match"] == pytest.approx({"mean": 0.7, "std": 0.02**0.5})
    assert record["area_under_curve"] == pytest.approx({"mean": 0.465, "std": 0.19 / 2**0.5})
    assert record["entropy_r1"] == pytest.approx({"mean": 1.2, "std": 0.08**0.5})
    assert record["entropy_share_r1"]["mean"] == pytest.approx(0.6)
    assert record["dead_share"] == {"mean": 0.0, "std": 0.0}
    assert record["entropy_r2"]["mean"] == pytest.approx(0.3)
    assert record["entropy_share_r2"]["mean"] == pytest.approx(0.15)
    assert (record["mi_r1"]["mean"], record["mi_r2"]["mean"]) == pytest.approx((0.8, 1.8))


def test_the_recall_of_each_digit_is_in_the_record_where_it_is_known():
    found = rows([0.0, 0.2, 0.6])
    for row in found:
        row |= {f"recall_{digit}": digit / 10 * row["exact_match"] for digit in range(10)}
        row["recall_4"] = np.nan
    record = summarise_history(history_table([found]))
    assert record["recall_7"]["mean"] == pytest.approx(0.42)
    assert {name for name in record if name.startswith("recall")} == {
        f"recall_{digit}" for digit in range(10) if digit != 4
    }


def test_the_record_of_a_cnn_has_no_routing():
    record = summarise_history(history_table([rows([0.0, 0.2, 0.6])]))
    assert sorted(record) == ["area_under_curve", "exact_match", "steps", "trials"]
    assert np.isnan(record["exact_match"]["std"])  # a single trial


def test_the_last_step_counts_and_not_the_best():
    record = summarise_history(history_table([rows([0.0, 0.9, 0.3])]))
    assert record["exact_match"]["mean"] == 0.3
