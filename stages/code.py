"""Which code a stage runs with: a checksum of the rooms and files that dvc.yaml names for it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from capsnet_study.common.storage import read_yaml

ROOT = Path(__file__).resolve().parents[1]
CODE = ("src/", "stages/")


def code_deps(stage: str, folder: str | Path = ROOT) -> list[str]:
    """Return the code that dvc.yaml names for a stage, such as ``sweep@n3``."""
    definition = read_yaml(Path(folder, "dvc.yaml"))["stages"][stage.split("@")[0]]
    return [dep for dep in definition.get("do", definition)["deps"] if dep.startswith(CODE)]


def checksum_of_code(stage: str, folder: str | Path = ROOT) -> str:
    """Return a hash of the names and contents of all files of code that a stage depends on."""
    digest = hashlib.sha256()
    for dep in code_deps(stage, folder):
        place = Path(folder, dep)
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if path.suffix in (".py", ".j2"):
                digest.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return digest.hexdigest()
