"""Runs stages and records what each loads, reads and writes: ``python -m tests.pipeline.recorder``.

Each stage runs in a fork of this process, which has loaded the libraries and nothing of the study:
as a command of its own, but without the seconds that the libraries take to load.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import os
import sys
import traceback
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

LIBRARIES = (
    *("joblib", "matplotlib.pyplot", "numba", "numpy", "pandas", "pydantic", "ruamel.yaml"),
    *("scipy.optimize", "scipy.stats", "sklearn.decomposition", "sklearn.manifold"),
    *("torch", "torch._dynamo"),
)


def main(stages: Path, records: Path) -> None:
    """Run the commands that a JSON file holds by stage; write one record per stage."""
    for name in LIBRARIES:
        importlib.import_module(name)
    for stage, command in json.loads(stages.read_text()).items():
        child = os.fork()
        if not child:
            _run_and_leave(command, records / f"{stage}.json")
        if os.waitpid(child, 0)[1]:
            sys.exit(f"{stage} has failed")


def _run_and_leave(command: str, path: Path) -> None:
    try:
        path.write_text(json.dumps(recorded(*command.split()[2:])))
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def recorded(script: str, *arguments: str) -> dict[str, list[str]]:
    """Run the `main` of a module; return what it has loaded, read and written."""
    from capsnet_study.common import params, storage

    read, files = ParametersRead(), set()
    params.check = read.from_file(params.check)
    dataclasses.replace = read.by_copies(dataclasses.replace)
    storage.reading = noting_paths(storage.reading, files)
    before = modified()
    importlib.import_module(script).main(*arguments)
    return {
        "modules": [name for name in sys.modules if name.startswith(("capsnet_study.", "stages."))],
        "params": sorted(read.names),
        "files": sorted(files),
        "written": [path for path, at in modified().items() if before.get(path) != at],
    }


class ParametersRead:
    """The names of the parameters that are read after they have been loaded and checked."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self._followed: dict[int, tuple[object, str, Collection[str]]] = {}

    def from_file(self, check: Callable[..., Any]) -> Callable[..., Any]:
        """Follow all that `check` makes of params.yaml."""

        def checked(value: Any, kind: Any, place: tuple[str, ...] = (), name: str = "params.yaml"):
            found = check(value, kind, place, name)
            if name == "params.yaml":
                self._follow(found, *place)
            return found

        return checked

    def by_copies(self, replace: Callable[..., Any]) -> Callable[..., Any]:
        """Follow copies, too, but for what is changed in them; making one reads nothing."""

        def replaced(block: Any, /, **changes: Any) -> Any:
            names = set(self.names)
            made = replace(block, **changes)
            self.names = names
            if id(block) in self._followed:
                _, place, given = self._followed[id(block)]
                self._followed[id(made)] = made, place, {*given, *changes}
            return made

        return replaced

    def _follow(self, block: Any, *place: str) -> None:
        if isinstance(block, dict):
            for name, member in block.items():
                self._follow(member, *place, name)
        elif not place:  # the whole file
            for field in dataclasses.fields(block):
                self._follow(getattr(block, field.name), field.name)
        else:
            self._followed[id(block)] = block, ".".join(place), ()
            type(block).__getattribute__ = self._getattribute()

    def _getattribute(self) -> Callable[[Any, str], Any]:
        def noting(block: Any, name: str) -> Any:
            _, place, given = self._followed.get(id(block), (None, "", ()))
            if place and name == "__dict__":
                self.names.add(place)
            elif place and name in type(block).__dataclass_fields__ and name not in given:
                self.names.add(f"{place}.{name}")
            return object.__getattribute__(block, name)

        return noting


def noting_paths(reading: Callable[..., Any], files: set[str]) -> Callable[..., Any]:
    """Note which files all readers of the study read."""

    @contextmanager
    def noting(path: str | Path) -> Iterator[None]:
        files.add(os.path.relpath(path))
        with reading(path):
            yield

    return noting


def modified() -> dict[str, int]:
    """Return the files that stages may write, with when they were written."""
    files = [path for part in ("data", "metrics", "plots") for path in Path(part).rglob("*")]
    files += Path().glob("*.md")
    return {
        str(path): path.stat().st_mtime_ns
        for path in files
        if path.is_file() and path.name != "runtime.csv"
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
