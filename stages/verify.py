"""Name the stages whose committed results are not those of the committed code and parameters.

Not a stage of the pipeline: ``make verify``. Nothing is run; data that is not here is not missed.
"""

from __future__ import annotations

import re
import subprocess
import sys

import typer


def outdated(folder: str = ".") -> list[str]:
    """Return the stages that ``dvc repro`` would surely run, in its order.

    Those below them run as well if what they read comes out different, which no dry run can know.

    Raises
    ------
    RuntimeError
        DVC cannot tell, for the reason given.
    """
    # DVC ends with 0 whether or not something would run: its words decide.
    command = [sys.executable, "-m", "dvc", "repro", "--dry", "--allow-missing"]
    told = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if told.returncode:
        raise RuntimeError(f"dvc repro --dry failed: {told.stderr.strip() or told.stdout.strip()}")
    return re.findall(r"^Running stage '([^']+)'", told.stdout, re.MULTILINE)


def main() -> None:
    """Print the verdict; end with 1 if some stage is outdated."""
    stages = outdated()
    if not stages:
        print("verified: every result is that of this code and these parameters")
        return
    print(f"NOT verified: {', '.join(stages)}, and what hangs below, would have to run again")
    raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
