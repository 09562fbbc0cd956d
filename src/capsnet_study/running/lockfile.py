"""dvc.lock: kept while it is whole, put back when a kill has cut it off.

DVC writes the file in place, from front to back. Killed in that moment it leaves the first part of
the new file, and then either refuses to go on or, cut at the end of a line, takes all the stages
that are missing for new ones and runs them again.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import yaml

LOCK = "dvc.lock"
KEPT = ".dvc/tmp/dvc.lock.kept"
OPENING = re.compile(r"^  (?! )(.+):$", re.MULTILINE)  # the line that opens the record of a stage
OUTLINE = re.compile(r"^ {4,}(?:- )?(?:path: .*|[^:\n]*:)", re.MULTILINE)  # keys and files
CONFLICT = re.compile(r"^(?:<{7}|={7}|>{7})", re.MULTILINE)
ODD = re.compile(r"^(?! |- |schema: '2\.0'$|stages:$|datasets:$).", re.MULTILINE)


class LockFileError(RuntimeError):
    """dvc.lock is broken in a way that nothing here can mend."""


@dataclass(frozen=True)
class Mended:
    """What was done to a file that had been cut off."""

    source: str  # where the records came from that the file had lost
    torn: str | None  # the stage whose record was cut through
    restored: tuple[str, ...]  # stages whose records are those of the source

    def __str__(self) -> str:
        where = f"in the record of {self.torn}" if self.torn else "before its first record"
        return (
            f"dvc.lock had been cut off {where}; {len(self.restored)} records from there on are "
            f"those of {self.source}. What ended after that copy runs again."
        )


def keep_lock(folder: str | Path = ".") -> bool:
    """Keep a copy of dvc.lock if it is whole; return whether the copy is that of now.

    This takes some milliseconds, so that every stage can do it when it starts: only the end of the
    file is parsed. Since DVC writes from front to back, a file that was cut off is whole up to its
    last record.
    """
    folder = Path(folder)
    text, kept = _read(folder / LOCK), _read(folder / KEPT)
    if text is None or not (folder / ".dvc").is_dir():
        return False
    if text == kept:
        return True
    if CONFLICT.search(text) or is_torn(text):
        return False
    if kept is not None and is_shorter(text, kept) and text != _committed(folder):
        return False
    with suppress(OSError):  # a full disk is no reason for a stage to fail
        _write_whole(folder / KEPT, text)
        return True
    return False


def mend_lock(folder: str | Path = ".") -> Mended | None:
    """Put dvc.lock back if it was cut off; return what was done, None if it was whole.

    The records before the cut are newer than the copy and stay. Wrong ones could do no harm: DVC
    compares each with the files. The caller holds DVC's lock, or knows that no DVC is writing.

    Raises
    ------
    LockFileError
        The file holds the marks of a merge, or nothing is left to put back.
    """
    folder = Path(folder)
    text = _read(folder / LOCK)
    if text is None:
        return None
    if CONFLICT.search(text):
        raise LockFileError("dvc.lock holds the conflict marks of a merge: resolve them first")
    committed = _committed(folder)
    if not is_cut_off(folder) or text == committed:
        return None
    kept = _read(folder / KEPT)
    sources = {f"the copy in {KEPT}": kept, "the last commit (git show HEAD:dvc.lock)": committed}
    for source, reference in sources.items():
        if reference is not None and not is_torn(reference):
            whole, mended = _joined(text, reference, source)
            _write_whole(folder / LOCK, whole)
            return mended
    raise LockFileError("dvc.lock was cut off, and there is neither a copy nor a commit of it")


def is_cut_off(folder: str | Path = ".") -> bool:
    """Return whether dvc.lock seems to have been cut off."""
    text, kept = _read(Path(folder, LOCK)), _read(Path(folder, KEPT))
    if text is None:
        return False
    return is_torn(text) or (kept is not None and is_shorter(text, kept))


def is_torn(text: str) -> bool:
    """Return whether the text ends within a line or within the record of a stage."""
    found = records(text)
    if not found or not text.endswith("\n") or ODD.search(text):
        return True
    return not _is_whole(list(found.values())[-1])


def is_shorter(text: str, kept: str) -> bool:
    """Return whether the stages of `text` are the first ones of `kept`, without all the others.

    DVC adds records and drops none, so that this is a file cut at the end of a line.
    """
    here, there = records(text), records(kept)
    if list(here) != list(there)[: len(here)]:
        return False
    return len(here) < len(there) or (bool(here) and _is_shorter_record(here, there))


def records(text: str) -> dict[str, str]:
    """Return the text of each stage's record, its opening line included."""
    openings = list(OPENING.finditer(text, max(0, text.find("stages:\n"))))
    ends = [*(opening.start() for opening in openings), len(text)][1:]
    return {
        opening[1]: text[opening.start() : end]
        for opening, end in zip(openings, ends, strict=bool(openings))
    }


def _is_shorter_record(here: dict[str, str], there: dict[str, str]) -> bool:
    """Return whether the last record of `here` is the first part of what it was."""
    last = list(here)[-1]
    now, before = OUTLINE.findall(here[last]), OUTLINE.findall(there[last])
    return len(now) < len(before) and now == before[: len(now)]


def _is_whole(record: str) -> bool:
    """Return whether a record has a command and a hash of every file that it names."""
    try:
        (parsed,) = yaml.safe_load(record).values()
        files = [entry for part in ("deps", "outs") for entry in parsed.get(part, [])]
        hashed = all(entry["path"] and entry[entry.get("hash", "md5")] for entry in files)
    except (yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError):
        return False
    return hashed and bool(parsed.get("cmd")) and None not in parsed.values()


def _joined(text: str, reference: str, source: str) -> tuple[str, Mended]:
    """Return the records of `text` up to the cut, then those of `reference`."""
    here, there = records(text), records(reference)
    torn = list(here)[-1] if here else None
    newer = {stage: record for stage, record in here.items() if stage != torn}
    if torn is not None and torn not in there and text.endswith("\n") and _is_whole(here[torn]):
        newer[torn] = here[torn]
    joined = there | newer
    head = reference[: OPENING.search(reference, reference.find("stages:\n")).start()]  # type: ignore[union-attr]
    restored = tuple(stage for stage in there if stage not in newer)
    return head + "".join(joined.values()), Mended(source, torn, restored)


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None


def _committed(folder: Path) -> str | None:
    command = ["git", "show", f"HEAD:./{LOCK}"]
    try:
        shown = subprocess.run(command, cwd=folder, capture_output=True)
    except OSError:  # there is no Git
        return None
    return shown.stdout.decode("utf-8", "replace") if shown.returncode == 0 else None


def _write_whole(path: Path, text: str) -> None:
    with replaced(path) as beside:
        beside.write_text(text, encoding="utf-8")


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """Give a path beside `path` to write to; what was written there takes its place at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{os.getpid()}.tmp")  # *.tmp is ignored by Git and DVC
    try:
        yield beside
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
