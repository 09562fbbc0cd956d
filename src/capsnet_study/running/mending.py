"""Mend what a killed DVC has left behind."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from capsnet_study.running.lockfile import LOCK, LockFileError, is_cut_off, mend_lock
from capsnet_study.running.locks import foreign_holder

DVC_LOCK = Path(".dvc/tmp/lock")
IN_USE = Path(".dvc/tmp/rwlock")  # which files which DVC reads and writes


def mend() -> list[str]:
    """Mend dvc.lock and DVC's list of files in use in this folder; return what was done.

    Raises
    ------
    LockFileError
        They cannot be mended, or another DVC is at work and does not end.
    """
    from dvc.exceptions import DvcException
    from dvc.lock import LockError, make_lock

    # What looks cut off may just be written: DVC's lock tells, but is not asked for in vain.
    if not (is_cut_off() or _is_cut_off_list() or list(_unfinished())):
        return []
    try:
        with make_lock(str(DVC_LOCK), friendly=True):
            done = _mend_list()
            for path in _unfinished():
                path.unlink()
            if mended := mend_lock():
                done.append(str(mended))
                _check()
    except LockError:
        holder = foreign_holder(DVC_LOCK, []) or "a DVC that has just ended"
        raise LockFileError(f"dvc.lock may be cut off, but its lock is held by {holder}") from None
    except DvcException as error:
        raise LockFileError(f"{LOCK} is not one that DVC can read: {error}") from error
    return done


def _unfinished() -> Iterable[Path]:
    """Return what a DVC process of the runner was writing when it was killed."""
    return Path().glob(f"{LOCK}.*.tmp")


def _is_cut_off_list() -> bool:
    with suppress(FileNotFoundError):
        try:
            json.loads(IN_USE.read_text())
        except ValueError:
            return True
    return False


def _mend_list() -> list[str]:
    """Remove DVC's list of files in use if it was cut off: whoever wrote it is dead."""
    if not _is_cut_off_list():
        return []
    IN_USE.unlink()
    return [f"{IN_USE} had been cut off and was removed; nobody uses what it listed"]


def _check() -> None:
    from dvc.dvcfile import Lockfile
    from dvc.repo import Repo

    Lockfile(Repo(), LOCK).load()
