"""The report and its appendix: what they say follows from metrics and parameters."""

import re
from dataclasses import replace

import pytest

from capsnet_study.claims.exploratory import explore
from capsnet_study.claims.records import OUTCOMES, Exploration, OtherVersionError, of_kind
from capsnet_study.names import arm_name
from capsnet_study.report.render import (
    Results,
    render_appendix,
    render_report,
    results_summary,
)
from capsnet_study.report.text import parts_met
from tests import tables
from tests.cause_tables import ABLATIONS
from tests.project import ROOT
from tests.report.markdown import assert_sound, headings, rows_of, section_of, words_in
from tests.report.report_inputs import (
    FULL,
    PARAMS,
    QUICK,
    drawn_figures,
    params_of,
    results_of,
    settings_results,
)
from tests.tables import ARMS

MOST_WORDS = {render_report: 2500, render_appendix: 7000}
TEXTS = [render_report, render_appendix, results_summary]


def with_verdict(results: Results, verdict: str) -> Results:
    claims = {
        id: replace(
            claim, verdict=verdict, parts=[replace(part, outcome=verdict) for part in claim.parts]
        )
        for id, claim in results.claims.items()
    }
    return replace(results, claims=claims)


def test_both_are_short_enough_with_full_tables(full):
    full = with_verdict(full, "reproduced")  # so that claims X are told in full
    full = replace(full, settings=settings_results(full.claims))
    for render, most in MOST_WORDS.items():
        assert 0.5 * most < words_in(render(full, FULL)) <= most


def test_every_claim_stands_with_its_verdict(results, report):
    shown = {row[0]: row[1:] for row in rows_of(section_of(report, "All claims"))}
    claims, causes = (of_kind(results.claims, kind) for kind in ("paper", "mechanism"))
    assert shown.keys() == claims.keys()
    for id, claim in claims.items():
        control = " (control, not counted)" if claim.control else ""
        assert shown[id][:2] == [claim.title + control, parts_met(claim)]
        assert shown[id][-1] == f"**{claim.verdict}**"
    counted = re.search(r"^Of our \d+ claims X, .*$", report, re.MULTILINE)[0]
    of_verdict = re.findall(r"((?:X\d+(?: to |, | and )?)+) (?:is|are) \*\*([a-z ]+)\*\*", counted)
    told = {
        f"X{number}": verdict
        for ids, verdict in of_verdict
        for first, last in re.findall(r"X(\d+)(?: to X(\d+))?", ids)
        for number in range(int(first), int(last or first) + 1)
    }
    assert told == {id: claim.verdict for id, claim in causes.items()}


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_it_reads_whatever_the_verdicts(results, outcome):
    found = with_verdict(results, outcome)
    for render in TEXTS:
        assert_sound(render(found, PARAMS))
    text = render_report(found, PARAMS)
    assert text.count(f"| **{outcome}** |") == len(of_kind(results.claims, "paper"))
    assert not any(f"**{other}**" in text for other in {*OUTCOMES} - {outcome})
    assert f"**C2, {outcome}.**" in text


def test_mechanism_claims_are_counted_apart(results, report):
    alone = replace(results, claims=of_kind(results.claims, "paper"))
    counted = re.compile(r"^Of \d+ claims of the paper .*$", re.MULTILINE)
    assert len(alone.claims) < len(results.claims)
    assert counted.search(render_report(alone, PARAMS))[0] == counted.search(report)[0]
    for render in TEXTS:
        assert_sound(render(alone, PARAMS))


def test_without_tables_nothing_is_evaluated(results):
    explored = tables.stored(explore(tables.CLAIMS, {}), Exploration)
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


def test_a_run_with_few_arms_reads_too():
    sweep = tables.some_arms("n1", "n3", "n6_fitness", "cnn")
    yoked = {"late": replace(PARAMS.yoked["n3_as_n9"], certainty_of="n6_fitness")}
    ablations = {key: ABLATIONS[key] for key in ("n9_late", "n3_sham")}
    params = replace(PARAMS, sweep=sweep, yoked=yoked, ablations=ablations)
    for render in TEXTS:
        text = render(results_of(params), params)
        assert_sound(text)
    assert arm_name(ARMS["n7"]) not in render_report(results_of(params), params)


def test_the_longer_base_is_told_with_what_it_would_decide():
    params = params_of(transfer={"splits": 1})  # without an interval nothing is decided
    few = render_report(results_of(params), params)
    assert_sound(few)
    assert "As many more change base by" in few and "From that longer base" not in few
    assert "From that longer base, judged conservatively, T1 would be" in render_report(
        results_of(PARAMS), PARAMS
    )


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


def test_clamps_are_told_beside_x2(full, report):
    assert "Held there" not in report
    ends = [0.75, 0.752, 0.7535, 0.755]
    keys = ("h0p7", "h0p85", "h0p95", "h0p99")

    def told(three: list[float]) -> str:
        held = {f"n3_{key}": value for key, value in zip(keys, three, strict=True)}
        held |= {f"n9_{key}": value - 0.02 for key, value in zip(keys, ends, strict=True)}
        records = {
            name: record | {"exact_match": record["exact_match"] | {"mean": held[name]}}
            for name, record in full.ablations.items()
            if name in held
        }
        return render_report(replace(full, ablations=full.ablations | records), FULL)

    alike = "With three it hardly matters how certain R1 is, which leaves X3's peak unexplained."
    assert f"three end at 75.0 % to 75.5 %, nine at 73.0 % to 73.5 %. {alike}" in told(ends)
    assert "its H / log J ends at" in told(ends)
    assert alike not in told([0.74, *ends[1:]])


def test_claims_that_hang_on_the_interval_are_named(results, report):
    conservative = {
        id: replace(results.exploratory.conservative[id], verdict=claim.verdict)
        for id, claim in of_kind(results.claims, "paper").items()
    }
    same = replace(results.exploratory, conservative=conservative)
    text = render_report(replace(results, exploratory=same), PARAMS)
    assert "Hanging on the interval: no verdict**" in text
    c8 = replace(conservative["C8"], verdict="not evaluated")
    changed = replace(same, conservative=conservative | {"C8": c8})
    text = render_report(replace(results, exploratory=changed), PARAMS)
    assert "Hanging on the interval: C8.**" in text
    assert f"C8 would be not evaluated instead of {results.claims['C8'].verdict}." in text


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


def test_keys_of_arms_and_models_stand_nowhere(full):
    text = render_report(full, FULL) + render_appendix(full, FULL)
    text = re.sub(r"!\[.*|https?://\S+|`[\w./]+`", "", text)
    assert not re.findall(r"\b(?:n\d+_\w+|cnn160|random_\w+|capsnet_\w+)\b", text)
