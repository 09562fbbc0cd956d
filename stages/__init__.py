"""The stages of ``dvc.yaml``: each loads typed parameters, calls the library, writes its outs.

The library beside this folder comes first on the path: in a copy of the project, as a second
checkout and `dvc exp run --temp` are, an installed package would be that of the original folder.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import typer

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from capsnet_study.common.errors import MENDABLE
from capsnet_study.running.cluster import ClusterError


def run_command(main: Callable[..., None]) -> None:
    """Run `main` with the arguments of the command line.

    An error that the user can mend ends the process with status 1 and one line, and a note of each
    further one; every other error keeps its traceback.
    """
    sys.stdout.reconfigure(errors="replace")  # it may not be UTF-8
    try:
        typer.run(main)
    except (*MENDABLE, ClusterError) as error:
        sys.exit("\n".join([f"error: {error}", *getattr(error, "__notes__", ())]))
