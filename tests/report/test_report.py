"""The report: what it says follows from metrics and parameters, whatever the verdicts are."""

import ast
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from capsnet_study.claims.exploratory import explore
from capsnet_study.claims.kinds import of_kind
from capsnet_study.claims.words import words_of
from capsnet_study.names import MAIN_MODELS, SCHEMES, arm_name
from capsnet_study.report.facts import PAPER_CHAMFER
from capsnet_study.report.render import (
    OtherVersionError,
    Results,
    render_report,
    results_summary,
    with_block,
)
from capsnet_study.report.text import part_row, spread
from capsnet_study.training.arms import CapsNetArm
from stages import readme
from tests import tables
from tests.project import ROOT, text_of
from tests.report.report_inputs import PARAMS, QUICK, claim_tables, params_of, results_of
from tests.tables import ARMS

START, END = "<!-- results -->", "<!-- /results -->"


@pytest.fixture(scope="module")
def results() -> Results:
    return results_of(PARAMS)


@pytest.fixture(scope="module")
def report(results: Results) -> str:
    return render_report(results, PARAMS)


def assert_sound(text: str) -> None:
    """No hole in the text, no paragraph torn apart, every table with one width."""
    assert not re.search(r"\b(nan|None|inf|Undefined)\b|[{}]|\n\n\n", text)
    for table in re.findall(r"(?:^\|.*\|\n)+", text, flags=re.MULTILINE):
        assert len({line.count("|") for line in table.splitlines()}) == 1, table
    assert all(line.endswith("|") for line in text.splitlines() if line.startswith("|"))


def section_of(report: str, title: str) -> str:
    """The text below a heading, up to the next one."""
    return re.split(r"\n#+ ", re.split(rf"\n#+ {re.escape(title)}\n", report)[1])[0]


def rows_of(text: str) -> list[list[str]]:
    """The cells of all rows of tables, without their heads."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    rules = [place for place, row in enumerate(cells) if set("".join(row)) <= set("-: ")]
    return [row for place, row in enumerate(cells) if place not in rules and place + 1 not in rules]


def test_every_claim_stands_with_its_verdict_and_all_its_parts(results, report):
    words = words_of(ARMS)
    for name, claim in of_kind(results.claims, "paper").items():
        control = " (control)" if claim["control"] else ""
        assert f"[{name}](#{name.lower()}){control} | {claim['title']}" in report
        section = section_of(report, name)
        assert claim["verdict"] in section and claim["rule"] in section
        assert rows_of(section) == [
            [*part_row(part, words).values(), part["outcome"]] for part in claim["parts"]
        ]


@pytest.mark.parametrize("outcome", ["reproduced", "contradicted", "inconclusive", "not evaluated"])
def test_it_reads_whatever_the_verdicts(results, outcome):
    claims = {
        name: claim
        | {"verdict": outcome, "parts": [part | {"outcome": outcome} for part in claim["parts"]]}
        for name, claim in of_kind(results.claims, "paper").items()
    }
    text = render_report(replace(results, claims=claims), PARAMS)
    assert_sound(text)
    assert text.count(f"| **{outcome}** |") == len(claims)
    others = {"reproduced", "contradicted", "inconclusive", "not evaluated"} - {outcome}
    assert not any(f"**{other}**" in text for other in others)


def without_causes(text: str) -> str:
    before, _, rest = text.partition("\n## Causes")
    return before + rest[rest.index("\n## ") :]


def test_mechanism_claims_are_counted_apart(results, report):
    alone = replace(results, claims=of_kind(results.claims, "paper"))
    assert len(alone.claims) < len(results.claims)
    assert without_causes(render_report(alone, PARAMS)) == without_causes(report)
    assert all(f"| {id} |" in report for id in of_kind(results.claims, "mechanism"))
    assert results_summary(alone, PARAMS) == results_summary(results, PARAMS)


def test_without_tables_nothing_is_evaluated(results):
    explored = tables.as_stored(explore(tables.CLAIMS, {}))
    none = replace(results, claims=tables.claim_records(), exploratory=explored)
    text = render_report(none, PARAMS)
    assert_sound(text)
    assert rows_of(section_of(text, "C5"))[0][2:4] == ["n/a", "n/a (no values)"]


@pytest.mark.parametrize(
    "params", [PARAMS, QUICK, params_of(transfer={"splits": 1})], ids=["study", "quick", "split"]
)
def test_no_report_has_a_hole(params):
    results = results_of(params)
    assert_sound(render_report(results, params))
    assert_sound(results_summary(results, params))


def test_one_trial_has_no_interval():
    text = render_report(results_of(QUICK), QUICK)
    assert {row[3] for row in rows_of(section_of(text, "C2"))} == {"n/a (one trial)"}


def test_a_run_with_few_arms_reads_too():
    sweep = tables.some_arms("n1", "n3", "n6_fitness", "cnn")
    yoked = {"late": replace(PARAMS.yoked["n3_as_n9"], certainty_of="n6_fitness")}
    params = replace(PARAMS, sweep=sweep, yoked=yoked)
    text = render_report(results_of(params), params)
    assert_sound(text)
    assert arm_name(ARMS["n9"]) not in section_of(text, "R2 and mutual information per arm")


def test_a_run_without_the_controls_beyond_the_paper_reads_too(results, report):
    models = {key: one for key, one in results.manifold["models"].items() if key != "cnn_pre"}
    transfer = {
        model: {scheme: one for scheme, one in found.items() if scheme != "base_long"}
        for model, found in results.transfer.items()
    }
    manifold = results.manifold | {"models": models}
    text = render_report(replace(results, manifold=manifold, transfer=transfer), PARAMS)
    assert_sound(text)
    text = without_causes(text)
    for told in ("base_long", "before ReLU", "before the ReLU"):
        assert told in report and told not in text


def test_metrics_of_another_version_are_refused(results):
    fitting = {key: {} for key in results.fitting}
    with pytest.raises(OtherVersionError, match="dvc repro"):
        render_report(replace(results, fitting=fitting), PARAMS)


def test_figures_linked_are_figures_drawn(report):
    tree = ast.parse(text_of("stages/figures.py"))
    draws = [node for node in tree.body if getattr(node, "name", "").startswith("draw")]
    returned = [node for draw in draws for node in ast.walk(draw) if isinstance(node, ast.Return)]
    drawn = [node for one in returned for node in ast.walk(one) if isinstance(node, ast.Dict)]
    names = [key.value for one in drawn for key in one.keys if "/" not in key.value]
    links = re.findall(r"!\[[^]]+\]\(plots/figures/(\w+)\.png\)", report)
    assert sorted(links) == sorted(names)


def test_links_within_the_repository_lead_somewhere(report):
    for target in re.findall(r"\]\((?!http|#|plots/figures)([^)]+)\)", report):
        assert (ROOT / target).is_file(), target


def test_numbers_come_from_the_metrics(results, report):
    def changed(**parts) -> str:
        return render_report(replace(results, **parts), PARAMS)

    n3 = results.fitting["n3"] | {"exact_match": {"mean": 0.98765, "std": 0.00321}}
    assert "98.8 ± 0.3 %" in changed(fitting=results.fitting | {"n3": n3})
    models = results.manifold["models"]
    zscore = {"chamfer_zscore": {"mean": 0.7777, "variance": 0.0123, "n": 10}}
    manifold = {"models": models | {"cnn": models["cnn"] | zscore}}
    assert "0.778 / 0.0123" in changed(manifold=results.manifold | manifold)
    slow = [one | {"seconds": 7200.0} for one in results.runtime]
    assert f"{2 * len(slow):.1f} h" in changed(runtime=slow)
    assert "98.8 ± 0.3 %" not in report and "0.778 / 0.0123" not in report


def test_numbers_come_from_the_parameters(results, report):
    params = params_of(train={"batch_size": 6789}, capsules={"init_gain": 0.987})
    text = render_report(results, params)
    for told in ("6789", "0.987"):
        assert told in text and told not in report


def test_the_same_inputs_give_the_same_text_without_dates(results, report):
    assert render_report(results, PARAMS) == report
    assert not re.search(r"\b20\d\d-\d\d|\d:\d\d\b", report)


def test_table_1_stands_beside_the_paper(results, report):
    for model, paper in PAPER_CHAMFER.items():
        found = results.manifold["models"][model]["chamfer_zscore"]
        row = f"| {paper['mean']:.3f} / {paper['variance']:.3f} | {found['mean']:.3f} /"
        assert f"{row} {found['variance']:.4f} |" in report


def test_the_arms_stand_with_their_keys_and_numbers(results, report):
    rows = {row[0]: row[2:] for row in rows_of(report.split("(paper 3.1)")[1].split("#### C1")[0])}
    assert rows.keys() == {f"{arm_name(arm)} (`{key}`)" for key, arm in ARMS.items()}
    for key, arm in ARMS.items():
        found, record = rows[f"{arm_name(arm)} (`{key}`)"], results.fitting[key]
        assert found[:2] == [spread(record[name]) for name in ("exact_match", "area_under_curve")]
        entropy = record.get("entropy_share_r1")
        assert found[2] == (f"{entropy['mean']:.4f}" if entropy else "–")


def test_rank_correlations_that_do_not_exist_are_counted(results):
    fitting = claim_tables(PARAMS)["fitting"]
    missing = (fitting["arm"] == "n5") & (fitting["trial"] > 0)
    fitting.loc[missing, "spearman_entropy_accuracy"] = np.nan
    claims = tables.claim_records(fitting=fitting)
    text = render_report(replace(results, claims=claims), PARAMS)
    (row,) = [row for row in rows_of(section_of(text, "C6")) if "left out" in row[1]]
    assert arm_name(ARMS["n5"]) in row[0] and row[1].startswith("1 trial (4")
    assert row[-1] == "not evaluated"


def test_r2_and_mutual_information_of_every_capsnet_arm(results, report):
    rows = rows_of(section_of(report, "R2 and mutual information per arm"))
    names = ("entropy_share_r1", "entropy_share_r2", "mi_r1", "mi_r2")
    assert rows == [
        [arm_name(arm), *(f"{max(results.fitting[key][name]['mean'], 0):.4f}" for name in names)]
        for key, arm in ARMS.items()
        if isinstance(arm, CapsNetArm)
    ]


def test_the_entropy_claims_are_told_on_r2_beside_r1(results, report):
    told = [(row[0], *row[-2:]) for row in rows_of(section_of(report, "C4–C6 on R2"))]
    assert told == [
        (name, here["outcome"], there["outcome"])
        for name, claim in results.exploratory["claims_on_r2"].items()
        for here, there in zip(claim["parts"], results.claims[name]["parts"], strict=True)
    ]


def test_transfer_shows_all_three_networks_and_drops_as_shares_of_base(results, report):
    table = rows_of(report.split("![Figure 7]")[1].split("#### T1")[0])
    assert [row[0] for row in table] == SCHEMES
    assert table[0][1::2] == [spread(results.transfer[model]["base"]) for model in MAIN_MODELS]
    shares = rows_of(section_of(report, "Transfer as a share of base"))
    assert [row[1:] for row in shares] == [
        [spread(results.transfer[model][scheme]["relative_drop"]) for model in MAIN_MODELS]
        for scheme in SCHEMES
        if scheme != "base"
    ]


def test_arms_beyond_the_claims_stand_with_their_twins(results, report):
    section = section_of(report, "How much hangs on the initial weights")
    assert all(arm_name(ARMS[key]) in section for key in ("n3_gain0p25", "n9_gain0p25"))
    best = {"exact_match": {"mean": 0.999, "std": 0.0}}
    fitting = results.fitting | {"n3_gain0p25": results.fitting["n3_gain0p25"] | best}
    text = render_report(replace(results, fitting=fitting), PARAMS)
    assert section_of(text, "Uniform coupling") == section_of(report, "Uniform coupling")
    assert "99.9 ± 0.0 %" in text and "99.9 ± 0.0 %" not in report


def test_keys_of_arms_and_models_stand_nowhere_but_in_the_tables_of_arms(results, report):
    keys = re.findall(r"`(n\d\w*|cnn\w*|capsnet|uniform|random_\w+)`", report)
    assert keys == [*ARMS, *(key for key in results.changed_arms if key.startswith("n"))]


def test_the_summary_has_verdicts_and_key_numbers(results):
    block = results_summary(results, PARAMS)
    for name, claim in of_kind(results.claims, "paper").items():
        row = next(line for line in block.splitlines() if line.startswith(f"| {name} |"))
        assert claim["title"] in row and row.endswith(f"| {claim['verdict']} |")
    assert f"{results.manifold['models']['capsnet']['chamfer_zscore']['mean']:.3f}" in block
    for model in MAIN_MODELS:
        reached = results.transfer[model]
        gap = abs(100 * (reached["A2B"]["mean"] - reached["base"]["mean"]))
        assert f"{gap:.1f} points" in block and f"{100 * reached['base']['mean']:.1f} %" in block
    assert START not in block and END not in block


def test_the_readme_takes_the_results_between_its_markers():
    readme = f"# Title\n\n{START}\nold\n{END}\n\nrest\n"
    once = with_block(readme, "results", "new")
    assert once == f"# Title\n\n{START}\nnew\n{END}\n\nrest\n"
    assert with_block(once, "results", "new") == once


@pytest.mark.parametrize(
    "readme", ["", START, END, f"{END}{START}", f"{START}{END}{START}{END}", f"{START}{START}{END}"]
)
def test_a_readme_without_its_markers_is_refused(readme):
    with pytest.raises(ValueError, match="README must hold"):
        with_block(readme, "results", "new")


def test_the_readme_command_writes_and_checks(results, tmp_path, monkeypatch):
    app = typer.Typer()
    app.command()(readme.main)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(readme, "load_params", lambda: PARAMS)
    monkeypatch.setattr(readme, "read_results", lambda: results)
    Path("README.md").write_text(f"{START}\n{END}\n")

    stale = CliRunner().invoke(app, ["--check"])
    assert stale.exit_code == 1 and "python -m stages.readme" in stale.output
    assert CliRunner().invoke(app).exit_code == 0
    assert results_summary(results, PARAMS) in Path("README.md").read_text()
    assert CliRunner().invoke(app, ["--check"]).exit_code == 0
