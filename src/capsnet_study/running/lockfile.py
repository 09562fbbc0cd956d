"""A copy of the last whole dvc.lock, which DVC writes in place.

Cut off by a kill, the file cannot be read, or the stages after the cut would all run again.
"""

from __future__ import annotations

import json
import subprocess
from contextlib import suppress
from pathlib import Path

import yaml

from capsnet_study.common.storage import write_text

LOCK = Path("dvc.lock")
KEPT = Path(".dvc/tmp/dvc.lock.kept")
IN_USE = Path(".dvc/tmp/rwlock")  # DVC's list of the files that its processes use, also in place


def keep_lock() -> None:
    """Copy dvc.lock to `KEPT` if it is whole."""
    text = read(LOCK)
    if Path(".dvc").is_dir() and text != read(KEPT) and is_whole(text):
        with suppress(OSError):  # a full disk is no reason for a stage to fail
            write_text(KEPT, text)


def cut_off() -> list[Path]:
    """Return which of DVC's files have been cut off; nobody may be writing them meanwhile."""
    found = [LOCK] if LOCK.exists() and not is_whole(read(LOCK)) else []
    try:
        json.loads(read(IN_USE) if IN_USE.exists() else "{}")
    except ValueError:
        found.append(IN_USE)
    return found


def is_whole(text: str) -> bool:
    """Return whether a lock file has no cut record, and more than the first ones of the kept copy.

    The committed file is always whole: an earlier commit may have fewer stages.
    """
    names, kept = _stages(text), _stages(read(KEPT))
    if len(names) >= len(kept) or not names or names != kept[: len(names)]:
        return bool(names)
    shown = subprocess.run(["git", "show", f"HEAD:./{LOCK}"], capture_output=True, text=True)
    return shown.stdout == text


def read(path: Path) -> str:
    """Return the text of a file, which may be cut within a character; empty if there is none."""
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


def _stages(text: str) -> list[str]:
    """Return the names of the recorded stages; none if a record is cut."""
    try:
        stages = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))["stages"]
        complete = all(map(_is_complete, stages.values()))
    except (yaml.YAMLError, AttributeError, KeyError, TypeError):
        return []
    return list(stages) if complete and text.endswith("\n") else []


def _is_complete(record: dict) -> bool:
    files = record.get("deps", []) + record.get("outs", [])
    return bool(record["cmd"]) and all(one["path"] and one[one["hash"]] for one in files)
