"""The numbers of report and appendix are those of metrics and parameters."""

import re
from dataclasses import replace

import numpy as np

from capsnet_study.claims.records import of_kind
from capsnet_study.claims.words import words_of
from capsnet_study.names import MAIN_MODELS, SCHEMES, arm_name
from capsnet_study.report.facts import PAPER_CHAMFER
from capsnet_study.report.render import render_appendix, render_report
from capsnet_study.report.text import fixed, part_row, percent, spread
from tests import tables
from tests.report.markdown import rows_of, section_of, table_after
from tests.report.report_inputs import PARAMS, QUICK, claim_tables, params_of, results_of
from tests.tables import ARMS, part_record


def test_every_part_has_both_intervals(results, appendix):
    words = words_of(ARMS)
    rows = rows_of(section_of(appendix, "The parts of the claims"))
    expected = [
        (part_row(part, words), part_row(conservative, words).interval, part, conservative)
        for id, claim in of_kind(results.claims, "paper").items()
        for part, conservative in zip(
            claim.parts, results.exploratory.conservative[id].parts, strict=True
        )
    ]
    for row, (cells, interval, part, conservative) in zip(rows, expected, strict=True):
        assert row[3:6] == [cells.n, cells.mean, cells.interval]
        assert row[6] == ("" if part.low is None else interval)
        assert row[7] == cells.expected and row[8].startswith(part.outcome)
        changed = f" (conservative: {conservative.outcome})"
        assert (changed in row[8]) == (part.outcome != conservative.outcome)


def test_arms_as_certain_as_each_other_are_told_beside_x2(results):
    yoked = {
        "yoked_n9": part_record(mean=0.021, low=0.009, high=0.033),
        "yoked_n3": part_record(mean=-0.015, low=-0.02, high=-0.01),
    }
    exploratory = replace(results.exploratory, remarks=results.exploratory.remarks | yoked)
    text = render_report(replace(results, exploratory=exploratory), PARAMS)
    assert (
        "as nine, step by step, end 2.1 points above nine [+0.9, +3.3]; "
        "nine as certain as three 1.5 points below three [−2.0, −1.0]." in text
    )


def test_one_trial_has_no_interval():
    text = render_appendix(results_of(QUICK), QUICK)
    rows = rows_of(section_of(text, "The parts of the claims"))
    assert {row[5] for row in rows if row[3] == "1" and row[0] in ("C1", "C3")} == {
        "n/a (one trial)"
    }


def test_numbers_come_from_the_metrics(results, report, appendix):
    n3 = results.fitting["n3"] | {"exact_match": {"mean": 0.98765, "std": 0.00321}}
    changed = replace(results, fitting=results.fitting | {"n3": n3})
    assert "98.8, " in section_of(render_report(changed, PARAMS), "How many iterations?")
    assert "98.8 ± 0.3 %" in render_appendix(changed, PARAMS)
    models = results.manifold["models"]
    zscore = {"chamfer_zscore": {"mean": 0.7777, "variance": 0.0123, "n": 10}}
    manifold = {"models": models | {"cnn": models["cnn"] | zscore}}
    changed = replace(results, manifold=results.manifold | manifold)
    assert "0.778 for the CNN" in render_report(changed, PARAMS)
    assert "0.778 / 0.0123" in render_appendix(changed, PARAMS)
    slow = [one | {"seconds": 7200.0} for one in results.runtime]
    told = f"{2 * len(slow):.1f} h"
    assert told in render_appendix(replace(results, runtime=slow), PARAMS)
    for text in (" 98.8, ", "98.8 ± 0.3 %", "0.778 for", "0.778 / 0.0123", told):
        assert text not in report + appendix


def test_numbers_come_from_the_parameters(results, report, appendix):
    params = params_of(train={"batch_size": 6789, "epochs": 57}, capsules={"init_gain": 0.987})
    text = render_appendix(results, params)
    assert all(told in text and told not in appendix for told in ("6789", "57 epochs", "0.987"))
    assert "57 epochs" in render_report(results, params) and "57 epochs" not in report


def test_the_same_inputs_give_the_same_text_without_dates(results, report, appendix):
    assert render_report(results, PARAMS) == report
    assert render_appendix(results, PARAMS) == appendix
    assert not re.search(r"\b20\d\d-\d\d|\d:\d\d\b", report + appendix)


def test_table_1_stands_beside_the_paper(results, appendix):
    for model, paper in PAPER_CHAMFER.items():
        found = results.manifold["models"][model]["chamfer_zscore"]
        row = f"| {paper['mean']:.3f} / {paper['variance']:.3f} | {found['mean']:.3f} /"
        assert f"{row} {found['variance']:.4f} |" in appendix


def test_the_arms_stand_with_their_numbers(results, appendix):
    rows = {row[0]: row[1:] for row in table_after(appendix, "All arms of the sweep")}
    assert rows.keys() == {arm_name(arm) for arm in ARMS.values()}
    for key, arm in ARMS.items():
        found, record = rows[arm_name(arm)], results.fitting[key]
        assert found[:2] == [
            spread(record["exact_match"]),
            f"{100 * record['area_under_curve']['mean']:.1f} %",
        ]
        told = ("entropy_share_r1", "entropy_share_r2", "mi_r1", "mi_r2")
        assert found[2:6] == [
            f"{max(record[name]['mean'], 0):.3f}" if name in record else "–" for name in told
        ]


def test_rank_correlations_that_do_not_exist_are_counted(results):
    fitting = claim_tables(PARAMS)["fitting"]
    missing = (fitting["arm"] == "n5") & (fitting["trial"] > 0)
    fitting.loc[missing, "spearman_entropy_accuracy"] = np.nan
    claims = tables.claim_records(fitting=fitting)
    text = render_appendix(replace(results, claims=claims), PARAMS)
    rows = rows_of(section_of(text, "The parts of the claims"))
    (row,) = [row for row in rows if "left out" in row[3]]
    assert row[2:4] == [arm_name(ARMS["n5"]), "1 (4 left out)"]
    assert row[8].startswith("not evaluated")


def test_transfer_shows_all_three_networks_with_their_drops(results, appendix):
    rows = table_after(appendix, "Other comparisons: transfer")
    assert [row[0] for row in rows] == SCHEMES
    assert rows[0][1::3] == [spread(results.transfer[model]["base"]) for model in MAIN_MODELS]
    for row in rows[1:]:
        for model, drop, share in zip(MAIN_MODELS, row[2::3], row[3::3], strict=True):
            base, reached = (results.transfer[model][name] for name in ("base", row[0]))
            assert drop == fixed(100 * (base["mean"] - reached["mean"]), 1)
            assert share == percent(reached["relative_drop"]["mean"], 0)
