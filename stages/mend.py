"""Put dvc.lock back if a kill has cut it off, and say what was done.

Not a stage of the pipeline: ``make mend``. ``python -m stages.run`` does it by itself.
"""

from __future__ import annotations

import typer

from capsnet_study.running.lockfile import LockFileError
from capsnet_study.running.mending import mend
from stages import run_command


def main() -> None:
    """Mend what a kill has left behind; end with 1 if that cannot be done."""
    try:
        done = mend()
    except LockFileError as error:
        print(f"mend: {error}")
        raise typer.Exit(1) from None
    print("\n".join(done) or "dvc.lock is whole: nothing to mend")


if __name__ == "__main__":
    run_command(main)
