"""The report and its appendix: what they say follows from metrics and parameters."""

import re
from dataclasses import replace

import numpy as np
import pytest

from capsnet_study.claims.exploratory import explore
from capsnet_study.claims.kinds import of_kind
from capsnet_study.claims.words import words_of
from capsnet_study.names import MAIN_MODELS, SCHEMES, arm_name
from capsnet_study.report.facts import PAPER_CHAMFER
from capsnet_study.report.render import (
    VERDICTS,
    OtherVersionError,
    Results,
    render_appendix,
    render_report,
    results_summary,
)
from capsnet_study.report.text import fixed, part_row, parts_met, percent, spread
from tests import tables
from tests.cause_tables import MECHANISM_ARMS
from tests.project import ROOT
from tests.report.markdown import assert_sound, headings, rows_of, section_of, table_after
from tests.report.report_inputs import (
    FULL,
    PARAMS,
    QUICK,
    claim_tables,
    drawn_figures,
    params_of,
    results_of,
    worlds_record,
)
from tests.tables import ARMS

MOST_WORDS = {render_report: 2500, render_appendix: 7000}
TEXTS = [render_report, render_appendix, results_summary]


@pytest.fixture(scope="module")
def results() -> Results:
    return results_of(PARAMS)


@pytest.fixture(scope="module")
def full() -> Results:
    return results_of(FULL)


@pytest.fixture(scope="module")
def report(results: Results) -> str:
    return render_report(results, PARAMS)


@pytest.fixture(scope="module")
def appendix(results: Results) -> str:
    return render_appendix(results, PARAMS)


def with_verdict(results: Results, verdict: str) -> Results:
    claims = {
        id: claim
        | {"verdict": verdict, "parts": [part | {"outcome": verdict} for part in claim["parts"]]}
        for id, claim in results.claims.items()
    }
    return replace(results, claims=claims)


def test_both_are_short_enough_with_full_tables(full):
    full = with_verdict(full, "reproduced")  # so that claims X are told in full
    full = replace(full, worlds=worlds_record(full.claims))
    for render, most in MOST_WORDS.items():
        read = re.sub(r"!\[.*?\]", "", render(full, FULL))  # figures have captions for that
        words = [word for word in read.split() if re.search(r"\w", word)]
        assert 0.5 * most < len(words) <= most


def test_every_claim_stands_with_its_verdict(results, report):
    shown = {row[0]: row[1:] for row in rows_of(section_of(report, "All claims"))}
    claims, causes = (of_kind(results.claims, kind) for kind in ("paper", "mechanism"))
    assert shown.keys() == claims.keys()
    for id, claim in claims.items():
        control = " (a control)" if claim["control"] else ""
        assert shown[id][:2] == [claim["title"] + control, parts_met(claim)]
        assert shown[id][-1] == f"**{claim['verdict']}**"
    counted = re.search(r"^Of our \d+ claims X, .*$", report, re.MULTILINE)[0]
    of_verdict = dict(re.findall(r"((?:X\d+(?:, | and )?)+) (?:is|are) \*\*([a-z ]+)\*\*", counted))
    told = {id: verdict for ids, verdict in of_verdict.items() for id in re.findall(r"X\d+", ids)}
    assert told == {id: claim["verdict"] for id, claim in causes.items()}


def test_every_part_stands_with_both_intervals(results, appendix):
    words = words_of(ARMS)
    rows = rows_of(section_of(appendix, "The parts of the claims"))
    told = [
        (part_row(part, words), part_row(cautious, words)["interval"], part, cautious)
        for id, claim in of_kind(results.claims, "paper").items()
        for part, cautious in zip(
            claim["parts"], results.exploratory["cautious"][id]["parts"], strict=True
        )
    ]
    assert len(rows) == len(told)
    for row, (cells, cautious_interval, part, cautious) in zip(rows, told, strict=True):
        assert row[3:6] == [cells["n"], cells["mean"], cells["interval"]]
        assert row[6] == ("" if part["low"] is None else cautious_interval)
        assert row[7] == cells["expected"] and row[8].startswith(part["outcome"])
        changed = f" (cautious: {cautious['outcome']})"
        assert (changed in row[8]) == (part["outcome"] != cautious["outcome"])


@pytest.mark.parametrize("outcome", VERDICTS)
def test_it_reads_whatever_the_verdicts(results, outcome):
    found = with_verdict(results, outcome)
    for render in TEXTS:
        assert_sound(render(found, PARAMS))
    text = render_report(found, PARAMS)
    assert text.count(f"| **{outcome}** |") == len(of_kind(results.claims, "paper"))
    assert not any(f"**{other}**" in text for other in {*VERDICTS} - {outcome})
    assert f"**C2, {outcome}.**" in text


def test_mechanism_claims_are_counted_apart(results, report):
    alone = replace(results, claims=of_kind(results.claims, "paper"))
    counted = re.compile(r"^Of \d+ claims of the paper .*$", re.MULTILINE)
    assert len(alone.claims) < len(results.claims)
    assert counted.search(render_report(alone, PARAMS))[0] == counted.search(report)[0]
    for render in TEXTS:
        assert_sound(render(alone, PARAMS))


def test_without_tables_nothing_is_evaluated(results):
    explored = tables.as_stored(explore(tables.CLAIMS, {}))
    none = replace(results, claims=tables.claim_records(), exploratory=explored)
    for render in TEXTS:
        assert_sound(render(none, PARAMS))
    assert render_report(none, PARAMS).count("This run cannot tell whether") > 20


@pytest.mark.parametrize(
    "params", [PARAMS, QUICK, FULL, params_of(transfer={"splits": 1})],
    ids=["study", "quick", "full", "split"],
)  # fmt: skip
def test_no_text_has_a_hole(params):
    results = results_of(params)
    for render in TEXTS:
        assert_sound(render(results, params))


def test_one_trial_has_no_interval():
    text = render_appendix(results_of(QUICK), QUICK)
    rows = rows_of(section_of(text, "The parts of the claims"))
    assert {row[5] for row in rows if row[3] == "1" and row[0] in ("C1", "C3")} == {
        "n/a (one trial)"
    }


def test_a_run_with_few_arms_reads_too():
    sweep = tables.some_arms("n1", "n3", "n6_fitness", "cnn")
    yoked = {"late": replace(PARAMS.yoked["n3_as_n9"], certainty_of="n6_fitness")}
    mechanism = {key: MECHANISM_ARMS[key] for key in ("n9_late", "n3_sham")}
    params = replace(PARAMS, sweep=sweep, yoked=yoked, mechanism=mechanism)
    for render in TEXTS:
        text = render(results_of(params), params)
        assert_sound(text)
    assert arm_name(ARMS["n7"]) not in render_report(results_of(params), params)


def test_a_run_without_the_controls_beyond_the_paper_reads_too(results, appendix):
    models = {key: one for key, one in results.manifold["models"].items() if key != "cnn_pre"}
    transfer = {
        model: {scheme: one for scheme, one in found.items() if scheme != "base_long"}
        for model, found in results.transfer.items()
    }
    manifold, claims = results.manifold | {"models": models}, of_kind(results.claims, "paper")
    fewer = replace(results, manifold=manifold, transfer=transfer, claims=claims)
    text = render_appendix(fewer, PARAMS)
    assert_sound(text)
    for told in ("base_long", "before ReLU"):
        assert told in appendix and told not in text


def test_metrics_of_another_version_are_refused(results):
    fitting = {key: {} for key in results.fitting}
    with pytest.raises(OtherVersionError, match="dvc repro"):
        render_report(replace(results, fitting=fitting), PARAMS)


def test_worlds_that_agree_are_counted(results, report):
    rows = {row[0]: row[3] for row in rows_of(section_of(report, "All claims")) if len(row) == 5}
    assert (rows["C1"], rows["C2"], rows["C3"]) == ("1 of 1", "1 of 2", "–")
    assert "2 other settings, or worlds: shorter training and other seeds." in report
    assert "n = 3 less n = 1 +4.1 [+3.0, +5.2], 1 of 1." in report


def test_claims_of_ours_that_worlds_judge_are_counted(results, report, appendix):
    assert "Of our claims they judge X7 (1 of 1), by cautious intervals of 2 trials." in report
    rows = [row for row in rows_of(section_of(appendix, "Interventions")) if len(row) == 8]
    told = {row[0]: row[3] for row in rows if row[4] in VERDICTS}
    assert (told["X7"], told["X2"]) == ("1 of 1", "–")
    alone = replace(results, worlds=worlds_record(of_kind(results.claims, "paper")))
    assert "Of our claims they judge" not in render_report(alone, PARAMS)


def test_clamps_are_told_beside_x2(full, report):
    assert "Held there" not in report
    ends = [0.75, 0.752, 0.7535, 0.755]
    keys = ("h0p7", "h0p85", "h0p95", "h0p99")

    def told(three: list[float]) -> str:
        held = {f"n3_{key}": value for key, value in zip(keys, three, strict=True)}
        held |= {f"n9_{key}": value - 0.02 for key, value in zip(keys, ends, strict=True)}
        records = {
            name: record | {"exact_match": record["exact_match"] | {"mean": held[name]}}
            for name, record in full.mechanism.items()
            if name in held
        }
        return render_report(replace(full, mechanism=full.mechanism | records), FULL)

    alike = "With three it hardly matters how certain R1 is: that does not explain the peak of X3."
    assert f"three end at 75.0 % to 75.5 %, nine at 73.0 % to 73.5 %. {alike}" in told(ends)
    assert "its H / log J ends at" in told(ends)
    assert alike not in told([0.74, *ends[1:]])


def test_best_is_told_against_best(results, report):
    assert "Best against best" not in report
    record = worlds_record(results.claims)
    record["worlds"]["tuned"] = {"title": "each arm at its best", "changed": "lr", "claims": {}}
    record["effects"] |= {
        name: {"title": name, "pooled": {"mean": None}}
        | {"worlds": {"tuned": {"mean": mean, "low": mean - 0.01, "high": mean + 0.01}}}
        for name, mean in {"routing": 0.04, "many": -0.02, "capsules": 0.05}.items()
    }
    text = render_report(replace(results, worlds=record), PARAMS)
    for told in (
        "three iterations end 4.0 points above uniform coupling [+3.0, +5.0],",
        "nine end 2.0 points below three [−3.0, −1.0] and",
        "three end 5.0 points above the CNN [+4.0, +6.0].",
    ):
        assert told in text


def test_claims_that_hang_on_the_interval_are_named(results, report):
    cautious = {
        id: results.exploratory["cautious"][id] | {"verdict": claim["verdict"]}
        for id, claim in of_kind(results.claims, "paper").items()
    }
    same = results.exploratory | {"cautious": cautious}
    text = render_report(replace(results, exploratory=same), PARAMS)
    assert "Hanging on the interval: none." in text
    changed = cautious | {"C8": cautious["C8"] | {"verdict": "not evaluated"}}
    other = replace(results, exploratory=same | {"cautious": changed})
    text = render_report(other, PARAMS)
    assert "Hanging on the interval: C8.**" in text
    assert f"C8 would be not evaluated instead of {results.claims['C8']['verdict']}." in text


def test_every_figure_is_shown_once(report, appendix):
    links = re.findall(r"!\[[^]]+\]\(plots/figures/(\w+)\.png\)", report + appendix)
    assert sorted(links) == sorted(set(drawn_figures()))


def test_links_lead_somewhere(report, appendix):
    known = {"REPORT.md": headings(report), "APPENDIX.md": headings(appendix)}
    ids = known["REPORT.md"] + known["APPENDIX.md"]
    assert len(set(ids)) == len(ids)  # the page shows one text below the other
    for name, text in (("REPORT.md", report), ("APPENDIX.md", appendix)):
        for target in re.findall(r"\]\((?!http|plots/figures)([^)]+)\)", text):
            file, _, anchor = target.partition("#")
            assert file in known or not file or (ROOT / file).is_file(), target
            assert not anchor or anchor in known[file or name], target


def test_numbers_come_from_the_metrics(results, report, appendix):
    n3 = results.fitting["n3"] | {"exact_match": {"mean": 0.98765, "std": 0.00321}}
    changed = replace(results, fitting=results.fitting | {"n3": n3})
    assert "98.8 % with n = 3" in render_report(changed, PARAMS)
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
    for text in ("98.8 % with n = 3", "98.8 ± 0.3 %", "0.778 for", "0.778 / 0.0123", told):
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


def test_keys_of_arms_and_models_stand_nowhere(full):
    text = render_report(full, FULL) + render_appendix(full, FULL)
    text = re.sub(r"!\[.*|https?://\S+|`[\w./]+`", "", text)
    assert not re.findall(r"\b(?:n\d+_\w+|cnn160|random_\w+|capsnet_\w+)\b", text)
