"""A dvc.lock that was cut off anywhere is noticed, and the kept copy is whole."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest
import typer
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from capsnet_study.running.lockfile import IN_USE, KEPT, LOCK, cut_off, is_whole, keep_lock
from stages import restore_lock
from tests.running.conftest import GIT, ROOT, call

STAGES = dict(islice(yaml.safe_load((ROOT / LOCK).read_text())["stages"].items(), 8))


def dumped(stages: dict) -> str:
    """Return a lock file as DVC writes it."""
    return yaml.safe_dump({"schema": "2.0", "stages": stages}, sort_keys=False)


OLD = dumped(STAGES)


@pytest.fixture
def folder(empty_project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, a project without stages."""
    call(["cp", "-r", f"{empty_project}/.", str(tmp_path)], tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(lock: str, kept: str) -> None:
    """Write a lock file and its copy."""
    LOCK.write_text(lock)
    KEPT.write_text(kept)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(1, len(OLD) - 1), at_line_end=st.booleans())
def test_a_cut_is_noticed_and_never_kept(folder: Path, at: int, at_line_end: bool) -> None:
    cut = OLD[: OLD.find("\n", at) + 1] if at_line_end else OLD[:at]
    whole_records = cut.endswith("\n") and yaml.safe_load(cut).get("stages")
    lost = set(STAGES) - set(whole_records or {})
    put(cut, kept=OLD)
    keep_lock()
    if lost:
        assert cut_off() == [LOCK] and KEPT.read_text() == OLD
    elif cut_off():
        assert KEPT.read_text() == OLD


def test_a_whole_file_is_kept(folder: Path) -> None:
    keep_lock()
    assert not KEPT.exists() and not cut_off()  # a project that has not run yet
    put(OLD, kept=dumped(dict(islice(STAGES.items(), 3))))
    keep_lock()
    assert KEPT.read_text() == OLD and not cut_off()
    other = STAGES | {"digits": STAGES["digits"] | {"cmd": "python other.py"}}
    LOCK.write_text(dumped(other))
    keep_lock()
    assert KEPT.read_text() == dumped(other)


def test_a_shorter_file_that_is_committed_was_not_cut_off(folder: Path) -> None:
    shorter = dumped(dict(islice(STAGES.items(), 3)))
    put(shorter, kept=OLD)
    assert cut_off() == [LOCK]
    call([*GIT, "add", str(LOCK)], folder)
    call([*GIT, "commit", "-qm", "fewer stages"], folder)
    assert not cut_off() and is_whole(shorter)
    keep_lock()
    assert KEPT.read_text() == shorter


def test_the_marks_of_a_merge_are_no_whole_file(folder: Path) -> None:
    put(OLD.replace("  digits:\n", "<<<<<<< HEAD\n  digits:\n"), kept=OLD)
    assert cut_off() == [LOCK]


def test_a_full_disk_stops_no_stage(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("capsnet_study.running.lockfile.write_text", full)
    LOCK.write_text(OLD)
    keep_lock()
    assert not KEPT.exists()


def test_what_is_restored_is_printed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(OLD[:1000], kept=OLD)
    restore_lock.main()
    assert LOCK.read_text() == OLD and "restored" in capsys.readouterr().out
    restore_lock.main()
    assert "nothing to restore" in capsys.readouterr().out
    IN_USE.write_text("")
    restore_lock.main()
    assert not IN_USE.exists() and "removed" in capsys.readouterr().out


def test_without_a_copy_the_committed_file_is_pointed_to(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    LOCK.write_text(OLD[:1000])
    with pytest.raises(typer.Exit):
        restore_lock.main()
    assert "git restore dvc.lock" in capsys.readouterr().out and LOCK.read_text() == OLD[:1000]
