"""A dvc.lock that was cut off anywhere is noticed, and the kept copy is whole."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest
import typer
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from capsnet_study.common.storage import write_text
from capsnet_study.running.lockfile import IN_USE, KEPT, LOCK, cut_off, is_whole, keep_lock
from stages import restore_lock
from tests.project import text_of
from tests.running.conftest import GIT, Make, call

STAGES = dict(islice(yaml.safe_load(text_of("dvc.lock"))["stages"].items(), 8))


def dumped(stages: dict) -> str:
    """Return a lock file as DVC writes it."""
    return yaml.safe_dump({"schema": "2.0", "stages": stages}, sort_keys=False)


OLD = dumped(STAGES)
SHORTER = dumped(dict(islice(STAGES.items(), 3)))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, in Git and DVC."""
    call([*GIT, "init", "-q"], tmp_path)
    (tmp_path / ".dvc").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(lock: str, kept: str) -> None:
    """Write a lock file and its copy."""
    write_text(LOCK, lock)
    write_text(KEPT, kept)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(1, len(OLD) - 1), at_line_end=st.booleans())
def test_a_cut_is_noticed_and_never_kept(folder: Path, at: int, at_line_end: bool) -> None:
    cut = OLD[: OLD.find("\n", at) + 1] if at_line_end else OLD[:at]
    whole_records = cut.endswith("\n") and yaml.safe_load(cut).get("stages")
    put(cut, kept=OLD)
    keep_lock()
    if set(STAGES) - set(whole_records or {}):
        assert cut_off() == [LOCK] and KEPT.read_text() == OLD
    elif cut_off():
        assert KEPT.read_text() == OLD


def test_a_whole_file_is_kept(folder: Path) -> None:
    keep_lock()
    assert not KEPT.exists() and not cut_off()  # a project that has not run yet
    put(OLD, kept=SHORTER)
    keep_lock()
    assert KEPT.read_text() == OLD and not cut_off()
    other = dumped(STAGES | {"digits": STAGES["digits"] | {"cmd": "python other.py"}})
    write_text(LOCK, other)
    keep_lock()
    assert KEPT.read_text() == other


def test_a_shorter_file_that_is_committed_was_not_cut_off(folder: Path) -> None:
    put(SHORTER, kept=OLD)
    assert cut_off() == [LOCK]
    call([*GIT, "add", str(LOCK)], folder)
    call([*GIT, "commit", "-qm", "fewer stages"], folder)
    assert not cut_off() and is_whole(SHORTER)


def test_the_kept_file_is_restored(
    make: Make, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(make({}))
    write_text(LOCK, OLD[:1000])
    with pytest.raises(typer.Exit):
        restore_lock.main()
    assert "git restore dvc.lock" in capsys.readouterr().out and LOCK.read_text() == OLD[:1000]
    write_text(KEPT, OLD)
    IN_USE.write_text("")
    restore_lock.main()
    assert LOCK.read_text() == OLD and not IN_USE.exists()
    assert "nothing" not in capsys.readouterr().out
    restore_lock.main()
    assert "nothing to restore" in capsys.readouterr().out
