"""What people read is what the committed metrics say."""

from __future__ import annotations

from pathlib import Path

import pytest

from capsnet_study.params import load_params
from capsnet_study.report import render_report, results_summary, with_block
from stages.report import read_results
from tests.committed import copy_committed


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the committed results, and in it the working directory."""
    copy_committed(tmp_path, "metrics", "plots", "params.yaml", "README.md", "REPORT.md")
    copy_committed(tmp_path, "scripts/search.csv", "scripts/earlier_runs.csv")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_report_is_what_the_committed_metrics_give(published: Path) -> None:
    params = load_params()
    text = render_report(read_results(params), params)
    assert text == (published / "REPORT.md").read_text(encoding="utf-8")


def test_readme_carries_the_committed_results(published: Path) -> None:
    params = load_params()
    readme = (published / "README.md").read_text(encoding="utf-8")
    assert readme == with_block(readme, "results", results_summary(read_results(params), params))
