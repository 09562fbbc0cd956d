"""Restore the last whole dvc.lock after a kill has cut it off: ``make restore-lock``."""

from __future__ import annotations

import typer
from dvc.repo import Repo

from capsnet_study.common.storage import write_text
from capsnet_study.running.lockfile import IN_USE, KEPT, LOCK, cut_off, read
from stages.command import run_command


def main() -> None:
    """Put the kept copy in the place of a dvc.lock that was cut off, and say so."""
    with Repo().lock:  # no DVC is writing
        found, kept = cut_off(), read(KEPT)
        if IN_USE in found:
            IN_USE.unlink()
            print(f"{IN_USE} was cut off: removed, no process uses a file")
        if LOCK in found and kept:
            write_text(LOCK, kept)
            print("dvc.lock was cut off: restored; stages recorded since the copy run again")
        elif LOCK in found:
            print(f"dvc.lock was cut off, and there is no {KEPT}: try `git restore dvc.lock`")
            raise typer.Exit(1)
        elif not found:
            print("dvc.lock is whole: nothing to restore")


if __name__ == "__main__":
    run_command(main)
