"""The import closure of a stage: all files of the project that its results can depend on."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.project import ROOT

PACKAGES = {"stages": ROOT / "stages", "capsnet_study": ROOT / "src" / "capsnet_study"}

# What can touch no number, and is no dependency of any stage. That results are the same to the bit
# with any number of workers, on a cluster and after a kill is tested, and stands for them.
WATCHERS = (
    "stages/__init__.py",  # the path of the library, and how a command ends
    "stages/recording.py",  # refuses wrong parameters; time, memory and place of a run
    "src/capsnet_study/running",  # progress, cluster, the picture of what runs
)


def import_closure(module: str) -> set[Path]:
    """Return the files behind `module` and all project modules it imports, wherever it does."""
    seen: set[Path] = set()
    waiting = [module]
    while waiting:
        for path in _files_of(waiting.pop()):
            if path not in seen and not watches(path) and not only_names(path):
                seen.add(path)
                waiting.extend(imports_of(path))
    return seen


def watches(path: Path) -> bool:
    """Tell whether a file is among the `WATCHERS`."""
    return any(path.is_relative_to(ROOT / watcher) for watcher in WATCHERS)


def only_names(path: Path) -> bool:
    """Tell whether a file is an ``__init__`` that holds no more than words and public names."""
    if path.name != "__init__.py":
        return False
    told = (ast.Expr, ast.Import, ast.Assign)
    return all(isinstance(node, told) for node in ast.parse(path.read_text(encoding="utf-8")).body)


def imports_of(path: Path) -> list[str]:
    """Return the modules, and what may be modules, that a file imports."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.append(node.module)
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found


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
