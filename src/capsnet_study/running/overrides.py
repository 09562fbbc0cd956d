"""``-S key=value``: parameters changed through DVC's own code, once and visibly."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from capsnet_study.running.lockfile import replaced

APPLIED = Path(".dvc/tmp/run/set.json")  # what was set last, and to what that led


class OverrideError(ValueError):
    """A parameter does not exist, or its value cannot be read."""


def set_params(overrides: Sequence[str], applied: Path = APPLIED) -> list[str]:
    """Change parameter files as ``dvc exp run -S`` does; return what is different now.

    The same overrides are not applied a second time to a file that is as they left it, so that a
    run that was stopped can go on with the same command, removals included.

    Raises
    ------
    OverrideError
        A key does not exist (a new one needs a ``+``), or an override cannot be read. That file is
        not changed then.
    """
    from dvc.utils.cli_parse import to_path_overrides

    by_file = {Path(path): found for path, found in to_path_overrides(overrides).items()}
    if not by_file or _is_applied(overrides, by_file, applied):
        return []
    changed: list[str] = []
    for path, found in by_file.items():
        changed += _override(path, found)
    sums = {str(path): _checksum(path) for path in by_file}
    with replaced(applied) as beside:
        beside.write_text(json.dumps({"overrides": list(overrides), "sums": sums}))
    return changed


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return a line for each leaf that is new, gone or different.

    Examples
    --------
    >>> differences({"a": {"b": 1, "c": 2}}, {"a": {"b": 3}})
    ['a.b: 1 → 3', 'a.c: 2 → removed']
    """
    old, new = dict(_leaves(before)), dict(_leaves(after))
    keys = [*old, *(key for key in new if key not in old)]
    return [
        f"{key}: {old.get(key, 'none')} → {new.get(key, 'removed')}"
        for key in keys
        if old.get(key, ...) != new.get(key, ...)
    ]


def _override(path: Path, overrides: list[str]) -> list[str]:
    from dvc.exceptions import DvcException
    from dvc.utils.hydra import apply_overrides

    if not path.is_file():
        raise OverrideError(f"-S: there is no {path}")
    before = yaml.safe_load(path.read_text())
    with replaced(path) as beside:
        # DVC tells the format of a file by how its name ends.
        draft = beside.with_name(f"{beside.name}{path.suffix}")
        shutil.copy2(path, draft)
        try:
            apply_overrides(draft, overrides)
        except DvcException as error:
            reason = " ".join(str(error.__cause__ or error).splitlines()[:2])
            raise OverrideError(f"-S: {reason}") from error
        else:
            draft.replace(beside)
        finally:
            draft.unlink(missing_ok=True)
    return differences(before, yaml.safe_load(path.read_text()))


def _is_applied(overrides: Sequence[str], by_file: Mapping[Path, list[str]], applied: Path) -> bool:
    try:
        last = json.loads(applied.read_text())
    except (OSError, ValueError):
        return False
    return last == {
        "overrides": list(overrides),
        "sums": {str(path): _checksum(path) for path in by_file},
    }


def _checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def _leaves(tree: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    if not isinstance(tree, Mapping):
        yield prefix, tree
        return
    for key, value in tree.items():
        yield from _leaves(value, f"{prefix}.{key}" if prefix else str(key))
