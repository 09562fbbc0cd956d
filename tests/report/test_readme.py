"""The results in README.md: written between their markers, and checked."""

import re
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from capsnet_study.claims.records import of_kind
from capsnet_study.report.render import Results, render_report, results_summary, with_block
from stages import readme
from tests.report.markdown import section_of
from tests.report.report_inputs import PARAMS, results_of

START, END = "<!-- results -->", "<!-- /results -->"


@pytest.fixture(scope="module")
def results() -> Results:
    return results_of(PARAMS)


def test_the_summary_has_the_abstract_and_all_verdicts(results):
    block = results_summary(results, PARAMS)
    sentences = re.findall(r"^- (.*)$", block, re.MULTILINE)
    assert (
        " ".join(sentences) == section_of(render_report(results, PARAMS), "Abstract").strip()
        and len(sentences) == 5
    )
    for id, claim in of_kind(results.claims, "paper").items():
        listed = re.search(rf"\*\*{claim.verdict}\*\* \(([^)]*)\)", block)
        assert claim.control or id in listed[1].split(", ")
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
    with pytest.raises(ValueError, match="must be in the text"):
        with_block(readme, "results", "new")


def test_the_readme_command_writes_and_checks(results, tmp_path, monkeypatch):
    app = typer.Typer()
    app.command()(readme.main)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(readme, "load_params", lambda: PARAMS)
    monkeypatch.setattr(readme, "read_results", lambda _: results)
    Path("README.md").write_text(f"{START}\n{END}\n")

    stale = CliRunner().invoke(app, ["--check"])
    assert stale.exit_code == 1 and "python -m stages.readme" in stale.output
    assert CliRunner().invoke(app).exit_code == 0
    assert results_summary(results, PARAMS) in Path("README.md").read_text()
    assert CliRunner().invoke(app, ["--check"]).exit_code == 0
