"""`make verify` names the stages whose results are not those of the code and the parameters."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from stages.verify import outdated


def test_stages_whose_parameters_have_changed_are_named(settled: Path) -> None:
    assert outdated(settled) == []
    params = settled / "params.yaml"
    committed = params.read_text()
    try:
        changed = yaml.safe_load(committed)
        changed["figures"]["dpi"] = 99
        params.write_text(yaml.safe_dump(changed, sort_keys=False))
        assert outdated(settled) == ["code", "figures"]
        params.write_text("figures: [")
        with pytest.raises(RuntimeError, match=r"params\.yaml"):
            outdated(settled)
    finally:
        params.write_text(committed)
