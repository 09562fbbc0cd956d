"""The report: what it says follows from metrics and parameters, whatever the verdicts are."""

import ast
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from capsnet_study.names import SCHEMES
from capsnet_study.params import MAIN_MODELS
from capsnet_study.report import Results, render_report, results_summary, with_block
from capsnet_study.report_facts import (
    PAPER_CHAMFER,
    gradient_pairs,
    ranked_arms,
    scale_of,
)
from tests.report_inputs import (
    PARAMS,
    QUICK,
    ROOT,
    data_record,
    explored,
    fitting_table,
    judged,
    params_of,
    results_of,
)

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


def test_every_claim_stands_with_its_verdict_and_all_its_parts(results, report):
    for name, claim in results.claims.items():
        control = " (control)" if claim["control"] else ""
        assert f"[{name}](#{name.lower()}){control} | {claim['title']}" in report
        assert f"**{claim['title']}: {claim['verdict']}.**" in report
        section = report.split(f"#### {name}\n")[1].split("\n#")[0]
        assert claim["rule"] in section
        rows = [line for line in section.splitlines() if line.startswith("| ")][2:]
        assert [row.split(" | ")[-1].rstrip(" |") for row in rows] == [
            part["outcome"] for part in claim["parts"]
        ]


def test_the_report_has_no_hole(report):
    assert_sound(report)


@pytest.mark.parametrize("outcome", ["reproduced", "contradicted", "inconclusive", "not evaluated"])
def test_it_reads_whatever_the_verdicts(results, outcome):
    claims = {
        name: claim
        | {"verdict": outcome, "parts": [part | {"outcome": outcome} for part in claim["parts"]]}
        for name, claim in results.claims.items()
    }
    text = render_report(replace(results, claims=claims), PARAMS)
    assert_sound(text)
    assert f"Of {len(claims) - 1} claims of the paper {len(claims) - 1} are **{outcome}**" in text


def test_without_tables_nothing_is_evaluated(results):
    text = render_report(replace(results, claims=judged(), exploratory=explored()), PARAMS)
    assert_sound(text)
    assert "n/a (no values)" in text
    assert "C5: not evaluated" not in text and "proceeds: not evaluated" in text


def test_one_trial_has_no_interval_and_the_notice_says_so():
    text = render_report(results_of(QUICK), QUICK)
    assert_sound(text)
    assert "n/a (one trial)" in text and "s.d. n/a: one trial" in text
    notice = text.split("## Summary")[0]
    assert "no evidence about it" in notice
    assert "only a part of MNIST" in notice and "1 trial an arm instead of 5" in notice
    assert "40 training images instead of 30,889" in notice


def test_a_run_with_few_arms_reads_too(results):
    kept = ("n1", "n6_fitness", "cnn160")
    params = replace(PARAMS, sweep={name: PARAMS.sweep[name] for name in kept})
    fitting = {name: results.fitting[name] for name in kept}
    text = render_report(replace(results, fitting=fitting), params)
    assert_sound(text)
    assert "no two arms that differ in their gradient only" in text
    assert "does not have both CNNs" in text


def test_the_notice_names_widths_only_when_data_and_trials_are_the_papers(report):
    notice = report.split("## Summary")[0]
    assert "no evidence" not in notice and "the networks are narrower" in notice
    wide = params_of(model={"conv_channels": 256, "primary_groups": 32, "cap1_capsules": 32})
    scale = scale_of(data_record(wide), wide)
    assert scale.shortfalls == [] and not scale.narrower


def test_figures_linked_are_figures_drawn(report):
    tree = ast.parse((ROOT / "stages/figures.py").read_text())
    draw = next(node for node in tree.body if getattr(node, "name", "") == "draw")
    drawn = next(node for node in ast.walk(draw) if isinstance(node, ast.Return)).value
    names = {key.value for key in drawn.keys}
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
    params = params_of(train={"batch_size": 77}, routing={"n_iter": 4}, capsules={"init_gain": 0.9})
    text = render_report(results, params)
    for told in ("batches of 77", "use n = 4, η = 1", "s.d. 0.9 ·"):
        assert told in text and told not in report


def test_the_same_inputs_give_the_same_text_without_dates(results, report):
    assert render_report(results, PARAMS) == report
    assert not re.search(r"\b20\d\d-\d\d|\d:\d\d\b", report)


def test_table_1_stands_beside_the_paper(report):
    for paper in PAPER_CHAMFER.values():
        assert f"| {paper['mean']:.3f} / {paper['variance']:.3f} |" in report


def test_layers_are_counted_with_their_weights(report):
    assert "| 3 | Cap1: 10 × 16 | 160 | 512,160 | Linear1: 160 | 160 | 512,160 |" in report
    assert "| 4 | Cap2: 10 × 16 | 160 | 25,760 | Linear2: 160 | 160 | 25,760 |" in report


def test_the_report_says_how_many_rank_correlations_do_not_exist(results):
    fitting = fitting_table(PARAMS)
    fitting.loc[(fitting["arm"] == "n5") & (fitting["trial"] > 0), "spearman_entropy_accuracy"] = (
        np.nan
    )
    text = render_report(replace(results, claims=judged(fitting=fitting)), PARAMS)
    (row,) = [
        line for line in text.split("#### C6\n")[1].split("\n#")[0].splitlines() if "`n5`" in line
    ]
    assert "1 trial (4 left out)" in row and row.endswith("| not evaluated |")


def test_r2_and_mutual_information_of_every_capsnet_arm(report):
    section = report.split("### R2 and mutual information per arm\n")[1].split("\n#")[0]
    for name, arm in PARAMS.sweep.items():
        row = f"| `{name}` | 0.4321 | 0.8765 | 0.1357 | 0.0000 |"
        assert (row in section) == (arm.model == "capsnet")


def test_the_entropy_claims_are_told_on_r2_beside_r1(results, report):
    section = report.split("### C4–C6 on R2\n")[1].split("\n#")[0]
    for name, claim in results.exploratory["claims_on_r2"].items():
        rows = [line for line in section.splitlines() if line.startswith(f"| {name} |")]
        told = [tuple(row.rstrip(" |").split(" | ")[-2:]) for row in rows]
        on_r1 = results.claims[name]["parts"]
        assert told == [
            (here["outcome"], there["outcome"])
            for here, there in zip(claim["parts"], on_r1, strict=True)
        ]
        assert f"{name} {claim['verdict']} on R2" in section


def test_transfer_shows_all_three_networks_and_drops_as_shares_of_base(results, report):
    table = report.split("![Figure 7]")[1].split("#### T1")[0]
    rows = [line for line in table.splitlines() if line.startswith("|")]
    assert rows[0].count("drop from base") == 3 and "CapsNet, uniform" in rows[0]
    assert [row.split(" | ")[0].strip("| ") for row in rows[2:]] == SCHEMES
    shares = report.split("### Transfer as a share of base\n")[1].split("\n#")[0]
    record = results.transfer["uniform"]["A2B"]["relative_drop"]
    assert f"{100 * record['mean']:.1f} ± {100 * record['std']:.1f} %".replace("-", "−") in shares
    assert "| base |" not in shares


def test_an_arm_with_an_initial_gain_of_its_own_stands_apart(results):
    arm = replace(PARAMS.sweep["n3"], init_gain=2.0)
    params = replace(PARAMS, sweep=PARAMS.sweep | {"n3_gain2": arm})
    best = results.fitting["n3"] | {"exact_match": {"mean": 0.999, "std": 0.0}}
    fitting = results.fitting | {"n3_gain2": best}
    text = render_report(replace(results, fitting=fitting), params)
    assert "| `n3_gain2` | n = 3, η = 1, initial gain 2 | 99.9 ± 0.0 % |" in text
    assert "The best, `n3_gain2`" not in text
    assert ranked_arms(params.sweep, fitting) == ranked_arms(PARAMS.sweep, results.fitting)
    assert gradient_pairs(params.sweep) == gradient_pairs(PARAMS.sweep)


def test_the_summary_names_scale_verdicts_and_key_numbers(results):
    block = results_summary(results, PARAMS)
    assert_sound(block)
    for name, claim in results.claims.items():
        row = next(line for line in block.splitlines() if line.startswith(f"| {name} |"))
        assert claim["title"] in row and row.endswith(f"| {claim['verdict']} |")
    assert "30,889 training" in block and "5 trials of 5 epochs" in block
    assert f"{results.manifold['models']['capsnet']['chamfer_zscore']['mean']:.3f}" in block
    for model in MAIN_MODELS:
        reached = results.transfer[model]
        gap = abs(100 * (reached["A2B"]["mean"] - reached["base"]["mean"]))
        assert f"{gap:.1f} points" in block and f"{100 * reached['base']['mean']:.1f} %" in block
    assert START not in block and END not in block
    assert "no evidence" in results_summary(results_of(QUICK), QUICK)


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
    import typer

    from stages import readme

    app = typer.Typer()
    app.command()(readme.main)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(readme, "load_params", lambda: PARAMS)
    monkeypatch.setattr(readme, "read_results", lambda params: results)
    Path("README.md").write_text(f"{START}\n{END}\n")

    stale = CliRunner().invoke(app, ["--check"])
    assert stale.exit_code == 1 and "python -m stages.readme" in stale.output
    assert CliRunner().invoke(app).exit_code == 0
    assert results_summary(results, PARAMS) in Path("README.md").read_text()
    assert CliRunner().invoke(app, ["--check"]).exit_code == 0
