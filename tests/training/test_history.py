"""Histories of trials, and the metrics records made of them."""

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
    """Return the evaluations of one trial."""
    found = [
        {"step": step, "exact_match": right} for step, right in zip(steps, accuracy, strict=True)
    ]
    for row, value in zip(found, entropy or [], strict=False):
        row |= {"entropy_r1": value, "entropy_share_r1": value / 2, "dead_share": 0.0}
        row |= {"entropy_r2": value / 4, "mi_r1": 2 - value}
    return found


def test_histories_of_trials_and_arms_become_one_table():
    histories = {"cnn": history_table([rows([0.0, 0.2, 0.6]), rows([0.0, 0.4, 0.8])])}
    histories["n3"] = history_table([rows([0.0, 0.4, 0.8], [2.0, 1.5, 1.0])])
    table = arms_table(histories)
    assert list(table)[:4] == ["arm", "trial", "step", "exact_match"]
    assert table["arm"].tolist() == ["cnn"] * 6 + ["n3"] * 3
    assert table["trial"].tolist() == [0, 0, 0, 1, 1, 1, 0, 0, 0]
    assert table["exact_match"].tolist() == [0.0, 0.2, 0.6, 0.0, 0.4, 0.8, 0.0, 0.4, 0.8]
    assert table["entropy_r1"].isna().tolist() == [True] * 6 + [False] * 3


def test_the_area_is_the_mean_over_steps_and_not_over_evaluations():
    table = pd.DataFrame(rows([0.0, 0.2, 0.6]))
    assert area_under_curve(table) == pytest.approx((10 * 0.1 + 90 * 0.4) / 100)


def test_a_record_is_of_the_last_step_with_mean_and_deviation_over_trials():
    trials = [rows([0.0, 0.9, 0.6], [2.0, 1.5, 1.0]), rows([0.0, 0.9, 0.8], [2.0, 1.7, 1.4])]
    record = summarise_history(history_table(trials))
    assert (record["trials"], record["steps"]) == (2, 100)
    assert record["exact_match"] == pytest.approx({"mean": 0.7, "std": 0.02**0.5})
    assert record["entropy_r1"] == pytest.approx({"mean": 1.2, "std": 0.08**0.5})
    assert record["area_under_curve"]["mean"] == pytest.approx((10 * 0.45 + 90 * 0.8) / 100)
    means = {"entropy_share_r1": 0.6, "entropy_r2": 0.3, "mi_r1": 0.8, "dead_share": 0.0}
    assert {name: record[name]["mean"] for name in means} == pytest.approx(means)


def test_a_record_leaves_out_what_was_not_measured():
    """Routing in a CNN, and the recall of a digit that no image shows."""
    found = rows([0.0, 0.2, 0.6])
    for row in found:
        row |= {f"recall_{digit}": digit / 10 * row["exact_match"] for digit in range(10)}
        row["recall_4"] = np.nan
    record = summarise_history(history_table([found]))
    recalls = {f"recall_{digit}" for digit in range(10) if digit != 4}
    assert record.keys() == {"trials", "steps", "exact_match", "area_under_curve"} | recalls
    assert record["recall_7"]["mean"] == pytest.approx(0.42)
    assert np.isnan(record["exact_match"]["std"])  # a single trial
