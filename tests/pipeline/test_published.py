"""What people read is what the metrics beside it say."""

from __future__ import annotations

from pathlib import Path

import pytest

from capsnet_study.params import load_params
from stages import readme, report
from tests.project import copy, text_of


def test_the_report_and_the_readme_carry_the_committed_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy(tmp_path, "README.md", "claims.yaml", "metrics", "params.yaml", "plots", "scripts")
    monkeypatch.chdir(tmp_path)
    if load_params().data.source != "mnist":
        pytest.skip("the working tree holds a quick run: the README keeps the results of the study")
    report.main()
    readme.main()
    for name in ("REPORT.md", "APPENDIX.md", "README.md"):
        assert Path(name).read_text(encoding="utf-8") == text_of(name), name
