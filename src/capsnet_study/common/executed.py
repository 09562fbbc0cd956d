"""What a module executes: its source without words, and the modules that it imports.

Stages depend on the code that they execute rather than on files, so that a comment, a docstring or
a blank line makes nothing run again.
"""

from __future__ import annotations

import ast
import hashlib
import io
import json
import tokenize
from collections.abc import Collection, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path

COMPUTES_WITH = ("numba", "numpy", "scikit-learn", "scipy", "torch")
CANNOT_AFFECT_RESULTS = (
    "capsnet_study.common.executed",  # computes checksums of code
    "capsnet_study.common.params",  # refuses wrong parameters; right ones come out as they are
    "capsnet_study.params",
    "capsnet_study.running",  # progress, records of time, the runner, the cluster
    "stages.recording",
)
"""Modules and packages that are part of no stage's code.

Tests of bit-identity stand for them: results are the same with any number of workers, on a cluster
and after a kill.
"""


def executed(source: str) -> str:
    """Return the source of a module without comments, docstrings, blank lines and trailing blanks.

    The same for every version of Python.

    >>> executed('\"\"\"Doc.\"\"\"\\n\\nx = 1  # one\\n')
    'x = 1'
    """
    lines = source.splitlines()
    for (row, start), (last, end) in sorted([*_docstrings(source), *_comments(source)])[::-1]:
        lines[row] = lines[row][:start] + lines[last][end:]
        del lines[row + 1 : last + 1]
    return "\n".join(line.rstrip() for line in lines if line.strip())


def checksum(path: Path) -> str:
    """Return the sha256 of what the module in a file executes."""
    return hashlib.sha256(executed(path.read_text(encoding="utf-8")).encode()).hexdigest()


def checksum_of_modules(files: Mapping[str, Path]) -> str:
    """Return a sha256 of what modules execute, by name, and of the libraries they compute with."""
    parts = {name: checksum(path) for name, path in files.items()}
    parts |= {package: version(package) for package in COMPUTES_WITH}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def closure(module: str, packages: Mapping[str, Path]) -> dict[str, Path]:
    """Return the files of a module and of all modules that it imports, wherever it does.

    Parameters
    ----------
    module
        Its full name, such as ``stages.sweep``.
    packages
        By name, the folders of the packages to follow; imports of others are not.

    Returns
    -------
    Files by the name of the module, sorted. `CANNOT_AFFECT_RESULTS` are left out, and what they
    import, as are the ``__init__`` files of packages, which hold no more than public names.
    """
    found: dict[str, Path] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        path = _file_of(name, packages)
        if path is None or name in found or is_within(name, CANNOT_AFFECT_RESULTS):
            continue
        found[name] = path
        waiting += _imports(ast.parse(path.read_text(encoding="utf-8")))
    return dict(sorted(found.items()))


def is_within(module: str, names: Collection[str]) -> bool:
    """Return whether a module is one of some modules and packages, or lies in one."""
    return any(module == name or module.startswith(f"{name}.") for name in names)


def _file_of(module: str, packages: Mapping[str, Path]) -> Path | None:
    first, *rest = module.split(".")
    if first not in packages or not rest:
        return None
    path = packages[first].joinpath(*rest).with_suffix(".py")
    return path if path.is_file() else None


def _imports(node: ast.AST) -> Iterator[str]:
    """Yield the modules, and names that may be modules, that a tree imports when it runs."""
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        yield node.module
        yield from (f"{node.module}.{alias.name}" for alias in node.names)
    for child in ast.iter_child_nodes(node):
        yield from _imports(child)


Span = tuple[tuple[int, int], tuple[int, int]]  # (row, column) of the start and of the end, from 0


def _docstrings(source: str) -> Iterator[Span]:
    """Yield where docstrings are, and other statements that are no more than a string."""
    lines = source.splitlines()

    def place(row: int, offset: int) -> tuple[int, int]:
        return row - 1, len(lines[row - 1].encode()[:offset].decode())  # `ast` counts bytes

    for node in ast.walk(ast.parse(source)):
        value = node.value if isinstance(node, ast.Expr) else None
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield place(node.lineno, node.col_offset), place(node.end_lineno, node.end_col_offset)


def _comments(source: str) -> Iterator[Span]:
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            yield (row - 1, column), (row - 1, token.end[1])
