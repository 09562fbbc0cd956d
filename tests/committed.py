"""Files as they were committed: a quick run changes parameters and results in the working tree."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def committed(path: str) -> str:
    """Return the text of a file at HEAD."""
    command = ["git", "show", f"HEAD:{path}"]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def copy_committed(folder: Path, *paths: str) -> None:
    """Copy files or folders at HEAD."""
    archive = ["git", "archive", "HEAD", *paths]
    packed = subprocess.run(archive, cwd=ROOT, check=True, capture_output=True).stdout
    subprocess.run(["tar", "-x", "-C", str(folder)], input=packed, check=True)
