"""The import closure of a stage: all files of the project that its code can run."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {"stages": ROOT / "stages", "capsnet_study": ROOT / "src" / "capsnet_study"}


def import_closure(module: str) -> set[Path]:
    """Return the files behind `module` and all project modules it imports, wherever it does."""
    seen: set[Path] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        for path in _files_of(name):
            if path not in seen:
                seen.add(path)
                waiting.extend(_imports_of(path))
    return seen


def _files_of(name: str) -> list[Path]:
    """Return the file of a module and the ``__init__`` files of the packages it lies in."""
    first, *rest = name.split(".")
    if first not in PACKAGES:
        return []
    folder, files = PACKAGES[first], [PACKAGES[first] / "__init__.py"]
    for part in rest:
        if (folder / part).is_dir():
            folder = folder / part
            files.append(folder / "__init__.py")
        elif (folder / f"{part}.py").is_file():
            files.append(folder / f"{part}.py")
            break
        else:  # a name defined in the module before it
            break
    return files


def _imports_of(path: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.append(node.module)
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found
