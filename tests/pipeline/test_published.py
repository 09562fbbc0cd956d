"""What people read is what the metrics beside it say."""

from __future__ import annotations

import pytest

from capsnet_study.params import Params, load_params
from capsnet_study.report.render import (
    render_appendix,
    render_report,
    results_summary,
    with_block,
)
from stages.report import read_results
from tests.project import ROOT, text_of
from tests.report.markdown import words_in


@pytest.fixture
def params(monkeypatch: pytest.MonkeyPatch) -> Params:
    """The parameters of the project, whose folder is the working directory."""
    monkeypatch.chdir(ROOT)
    return load_params()


def test_the_report_is_what_the_metrics_give(params: Params) -> None:
    results = read_results(params)
    assert text_of("REPORT.md") == render_report(results, params)
    assert text_of("APPENDIX.md") == render_appendix(results, params)


def test_the_readme_carries_the_results(params: Params) -> None:
    if params.data.source != "mnist":
        pytest.skip("a quick run is in the tree: the README keeps the results of the study")
    readme = text_of("README.md")
    assert readme == with_block(readme, "results", results_summary(read_results(params), params))


def test_the_report_is_read_in_ten_minutes() -> None:
    assert 1000 < words_in(text_of("REPORT.md")) <= 2500
