"""dvc.lock, cut off anywhere, comes back without the loss of a record but the one that was cut."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml
from dvc.schema import COMPILED_LOCKFILE_SCHEMA
from dvc.utils.serialize import modify_yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from capsnet_study.running.children import modified_whole
from capsnet_study.running.lockfile import (
    KEPT,
    LOCK,
    LockFileError,
    is_shorter,
    is_torn,
    keep_lock,
    mend_lock,
    records,
)
from tests.running.conftest import GIT, ROOT, command

OLD = (ROOT / LOCK).read_text()
NAMES = list(records(OLD))
TORN = OLD[: OLD.index("md5:", 5000) + 2]  # cut off within a key


def changed(text: str, stage: str) -> str:
    """Return the file after a stage has run anew: with another hash of its last out."""
    record = records(text)[stage]
    begin, _, hash_and_more = record.rpartition("md5: ")
    return text.replace(record, f"{begin}md5: {'f' * 32}{hash_and_more[32:]}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a .dvc and a commit of nothing."""
    folder = tmp_path_factory.mktemp("locks")
    (folder / ".dvc").mkdir()
    command([*GIT, "init", "-q"], folder)
    command([*GIT, "commit", "-qm", "empty", "--allow-empty"], folder)
    return folder


def put(folder: Path, lock: str, kept: str | None) -> None:
    """Put a lock file and its copy in a folder."""
    (folder / LOCK).write_text(lock)
    (folder / KEPT).unlink(missing_ok=True)
    if kept is not None:
        (folder / KEPT).parent.mkdir(parents=True, exist_ok=True)
        (folder / KEPT).write_text(kept)


def test_records_are_those_that_dvc_reads() -> None:
    parsed = yaml.load(OLD, Loader=yaml.CSafeLoader)["stages"]
    assert list(parsed) == NAMES
    assert all(yaml.safe_load(record) == {s: parsed[s]} for s, record in records(OLD).items())


@settings(max_examples=30)
@given(st.data())
def test_a_cut_loses_no_record_but_the_one_it_goes_through(folder: Path, data) -> None:
    stage = data.draw(st.sampled_from(NAMES))
    new = changed(OLD, stage)
    at = data.draw(st.integers(0, len(new) - 1))
    # every second cut is one that YAML does not notice
    cut = new[: new.find("\n", at) + 1] if data.draw(st.booleans()) else new[:at]
    put(folder, cut, kept=OLD)

    mended = mend_lock(folder)

    text = (folder / LOCK).read_text()
    COMPILED_LOCKFILE_SCHEMA(yaml.load(text, Loader=yaml.CSafeLoader))
    now, before, after = records(text), records(OLD), records(new)
    assert list(now) == NAMES and now.keys() == before.keys()
    whole = [name for name in NAMES[:-1] if f"\n  {NAMES[NAMES.index(name) + 1]}:\n" in cut]
    assert all(now[name] == after[name] for name in whole)
    assert all(now[name] in (before[name], after[name]) for name in NAMES)
    assert mended or cut == new
    assert mend_lock(folder) is None


@settings(max_examples=30)
@given(st.data())
def test_what_was_cut_off_is_never_kept(folder: Path, data) -> None:
    new = changed(OLD, data.draw(st.sampled_from(NAMES)))
    at = data.draw(st.integers(0, len(new) - 1))
    cut = new[: new.find("\n", at) + 1]
    put(folder, cut, kept=OLD)
    assert keep_lock(folder) == (cut == new)
    put(folder, new[:at], kept=None)
    if not new[:at].endswith("\n"):
        assert not keep_lock(folder)


def test_a_whole_file_is_kept_in_moments(folder: Path) -> None:
    put(folder, changed(OLD, NAMES[3]), kept=OLD)
    began = time.process_time()
    assert keep_lock(folder)
    assert time.process_time() - began < 0.05
    assert (folder / KEPT).read_text() == (folder / LOCK).read_text()
    assert mend_lock(folder) is None


def test_the_first_run_grows_its_file_stage_by_stage(folder: Path) -> None:
    starts = [OLD.index(f"\n  {name}:\n") + 1 for name in NAMES[:4]]
    two, three = OLD[: starts[2]], OLD[: starts[3]]
    for at in range(len(two) - 200, len(three) - 1, 31):
        put(folder, three[:at], kept=two)
        mend_lock(folder)
        now = records((folder / LOCK).read_text())
        assert list(now)[:2] == NAMES[:2] and not is_torn((folder / LOCK).read_text())


def test_a_shorter_file_that_is_committed_was_not_cut(folder: Path) -> None:
    shorter = OLD[: OLD.index(f"\n  {NAMES[5]}:\n") + 1]
    assert is_shorter(shorter, OLD) and not is_torn(shorter)
    put(folder, shorter, kept=OLD)
    assert not keep_lock(folder)
    command([*GIT, "add", LOCK], folder)
    command([*GIT, "commit", "-qm", "shorter"], folder)
    assert mend_lock(folder) is None
    assert keep_lock(folder) and (folder / KEPT).read_text() == shorter


def test_without_a_copy_the_last_commit_comes_back(folder: Path) -> None:
    put(folder, OLD, kept=None)
    command([*GIT, "add", LOCK], folder)
    command([*GIT, "commit", "-qm", "whole"], folder)
    for cut in (TORN, OLD[:30], ""):
        put(folder, cut, kept=None)
        assert "last commit" in str(mend_lock(folder))
        assert (folder / LOCK).read_text() == OLD


def test_what_cannot_be_mended_is_refused(tmp_path: Path) -> None:
    assert mend_lock(tmp_path) is None  # no dvc.lock: a project that has not run yet
    assert not keep_lock(tmp_path)
    put(tmp_path, TORN, kept=None)
    with pytest.raises(LockFileError, match="neither a copy nor a commit"):
        mend_lock(tmp_path)
    put(tmp_path, OLD.replace(f"  {NAMES[2]}:\n", "<<<<<<< HEAD\n"), kept=OLD)
    (tmp_path / ".dvc").mkdir(exist_ok=True)
    assert not keep_lock(tmp_path)
    with pytest.raises(LockFileError, match="conflict marks"):
        mend_lock(tmp_path)


def test_what_is_written_whole_is_what_dvc_writes(tmp_path: Path) -> None:
    whole, in_place = tmp_path / "a.lock", tmp_path / "b.lock"
    for path, modified in ((whole, modified_whole), (in_place, modify_yaml)):
        path.write_text(OLD)
        with modified(str(path)) as data:
            data["stages"][NAMES[4]] = data["stages"][NAMES[5]] | {"cmd": "another"}
            data["stages"]["new"] = {"cmd": "a\nb", "params": {"p": {"x": 1e-5, "y": [None, "no"]}}}
    assert whole.read_text() == in_place.read_text() != OLD
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.lock", "b.lock"]
