"""Results are told apart by the code that made them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from capsnet_study.common.errors import StudyError
from capsnet_study.common.storage import read_json, write_json
from stages.code import checksum_of_code
from stages.verify import outdated, standing
from tests.pipeline.conftest import AUTHOR, run

CHANGED = "src/capsnet_study/faithfulness/tables.py"


@pytest.fixture
def changed(settled: Path) -> Iterator[Path]:
    """The settled copy with a change of code that touches the stage `manifold` alone."""
    kept = {name: (settled / name).read_text() for name in (CHANGED, "dvc.lock")}
    (settled / "equal.yaml").unlink(missing_ok=True)
    (settled / CHANGED).write_text(kept[CHANGED] + "# a remark\n")
    yield settled
    for name, text in kept.items():
        (settled / name).write_text(text)


def test_stages_whose_parameters_have_changed_are_named(settled: Path) -> None:
    assert outdated(settled) == []
    params = settled / "params.yaml"
    kept = params.read_text()
    try:
        changed = yaml.safe_load(kept)
        changed["figures"]["dpi"] = 99
        params.write_text(yaml.safe_dump(changed, sort_keys=False))
        assert outdated(settled) == ["figures"]
        params.write_text("figures: [")
        with pytest.raises(StudyError, match=r"params\.yaml"):
            outdated(settled)
    finally:
        params.write_text(kept)


def test_code_that_changes_nothing_is_recorded_with_its_reason(changed: Path) -> None:
    assert outdated(changed) == ["manifold"]
    record(changed, "manifold", why="a remark")
    assert outdated(changed) == []
    assert standing(["manifold"], changed).equal == ["manifold"]
    assert reasons(changed) == ["a remark"]
    with (changed / CHANGED).open("a") as file:
        file.write("# another remark\n")
    assert standing(["manifold"], changed).unexplained == ["manifold"]
    record(changed, "manifold", why="another remark")
    assert standing(["manifold"], changed).equal == ["manifold"]
    assert reasons(changed) == ["another remark"]


def test_a_lock_that_was_moved_without_a_word_is_found(changed: Path) -> None:
    record(changed, "manifold", why="a remark")
    (changed / "equal.yaml").unlink()
    assert standing(["manifold"], changed).unexplained == ["manifold"]


def test_a_stage_that_ran_with_this_code_needs_no_reason(changed: Path) -> None:
    path = changed / "metrics/runtime/manifold.json"
    kept = read_json(path)
    write_json(path, kept | {"code": checksum_of_code("manifold", changed)})
    assert standing(["manifold"], changed).ran == ["manifold"]
    write_json(path, kept)


def test_changed_parameters_cannot_be_recorded_as_equal(changed: Path) -> None:
    params = changed / "params.yaml"
    kept = params.read_text()
    params.write_text(kept.replace("null_draws: 1000", "null_draws: 99"))
    with pytest.raises(AssertionError, match="parameters have changed"):
        record(changed, "manifold", why="none")
    params.write_text(kept)


def test_of_several_stages_all_are_recorded_or_none(changed: Path) -> None:
    params = changed / "params.yaml"
    kept = {path: path.read_text() for path in (params, changed / "dvc.lock")}
    params.write_text(kept[params].replace("dpi: ", "dpi: 1"))
    with pytest.raises(AssertionError, match="figures: parameters have changed"):
        record(changed, "manifold", "figures", why="none")
    assert (changed / "dvc.lock").read_text() == kept[changed / "dvc.lock"]
    params.write_text(kept[params])


def reasons(folder: Path) -> list[str]:
    """Return why stages count as run by today's code; those here are `manifold` alone."""
    told = yaml.safe_load((folder / "equal.yaml").read_text())
    assert [list(entry["stages"]) for entry in told] == [["manifold"]] * len(told)
    return [entry["why"] for entry in told]


def record(folder: Path, *stages: str, why: str) -> None:
    run("git", "add", "-A", cwd=folder)
    run("git", *AUTHOR, "commit", "-qm", "change", "--allow-empty", cwd=folder)
    run(sys.executable, "-m", "stages.equal", "--why", why, *stages, cwd=folder)
