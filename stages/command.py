"""How a command ends: in one line where the user can correct what is wrong."""

from __future__ import annotations

import sys
from collections.abc import Callable

import typer

from capsnet_study.common.errors import USER_ERRORS


def run_command(main: Callable[..., None]) -> None:
    """Run `main` with the arguments of the command line.

    An error that the user can correct ends the process with status 1 and one line, and a note of
    each further one; every other error keeps its traceback.
    """
    sys.stdout.reconfigure(errors="replace")  # it may not be UTF-8
    try:
        typer.run(main)
    except USER_ERRORS as error:
        sys.exit("\n".join([f"error: {error}", *getattr(error, "__notes__", ())]))
