"""What a module executes: its source without words, and the modules that it imports.

Stages depend on the code that they execute rather than on files, so that a comment, a docstring or
a blank line makes nothing run again.
"""

from __future__ import annotations

import ast
import hashlib
import io
import json
import re
import tokenize
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from importlib.metadata import version
from importlib.util import resolve_name
from pathlib import Path

COMPUTES_WITH = ("numba", "numpy", "scikit-learn", "scipy", "torch")
CANNOT_AFFECT_RESULTS = (
    "capsnet_study.common.errors",
    "capsnet_study.common.executed",  # computes checksums of code
    "capsnet_study.common.params",  # refuses wrong parameters; right ones come out as they are
    "capsnet_study.common.workers",  # where tasks run
    "capsnet_study.running",  # progress, records of time, the runner, the cluster
    "stages.command",  # how errors end a stage
    "stages.recording",
)
"""Modules and packages that are part of no stage's code.

Tests of bit-identity stand for them: results are the same with any number of workers, on a cluster
and after a kill.
"""


@cache
def executed(source: str) -> str:
    """Return the source of a module without comments, docstrings, blank lines and trailing blanks.

    The same for every version of Python. A body that is a docstring and nothing else is ``pass``.

    >>> executed('\"\"\"Doc.\"\"\"\\n\\nx = 1  # one\\n')
    'x = 1'
    """
    source = io.StringIO(source, newline=None).read()  # \n at the end of every line
    lines = source.split("\n")  # not `splitlines`: strings may hold what that splits at, too
    tokens = [*_tokens(source)]
    ends = {token.start[0] - 1 for token in tokens if token.type in LINE_ENDS}
    ended = [row in ends for row in range(len(lines))]  # others end in a string, or with a \
    for (row, start), (last, end), instead in sorted(_cuts(source, tokens), reverse=True):
        lines[row : last + 1] = [lines[row][:start] + instead + lines[last][end:]]
        del ended[row:last]
    return "\n".join(
        line.rstrip() if whole else line
        for line, after, whole in zip(lines, [True, *ended], ended, strict=False)
        if line.strip() or not (after and whole)
    )


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
        Its full name, such as ``stages.arm``.
    packages
        By name, the folders of the packages to follow; imports of others are not.

    Returns
    -------
    Files by the name of the module, sorted. `CANNOT_AFFECT_RESULTS` are left out, as are the
    ``__init__`` files of packages, which hold no more than public names.
    """
    found: dict[str, Path] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        path = _file_of(name, packages)
        if path is None or name in found:
            continue
        found[name] = path
        waiting += _imports(path.read_text(encoding="utf-8"), package=name.rpartition(".")[0])
    kept = (name for name in found if not is_within(name, CANNOT_AFFECT_RESULTS))
    return {name: found[name] for name in sorted(kept)}


def is_within(module: str, names: Collection[str]) -> bool:
    """Return whether a module is one of some modules and packages, or lies in one."""
    return any(module == name or module.startswith(f"{name}.") for name in names)


def _file_of(module: str, packages: Mapping[str, Path]) -> Path | None:
    first, *rest = module.split(".")
    if first not in packages or not rest:
        return None
    path = packages[first].joinpath(*rest).with_suffix(".py")
    return path if path.is_file() else None


@cache
def _imports(source: str, package: str) -> tuple[str, ...]:
    return tuple(_imported(ast.parse(source), package))


def _imported(node: ast.AST, package: str) -> Iterator[str]:
    """Yield the modules, and names that may be modules, that a tree imports when it runs."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        module = resolve_name("." * node.level + (node.module or ""), package)
        yield from (module, *(f"{module}.{alias.name}" for alias in node.names))
    only_checked = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    for child in node.orelse if only_checked else ast.iter_child_nodes(node):
        yield from _imported(child, package)


LINE_ENDS = (tokenize.NEWLINE, tokenize.NL, tokenize.ENDMARKER)
Cut = tuple[tuple[int, int], tuple[int, int], str]
"""(row, column) of the start and of the end, from 0, and what to put there."""


def _tokens(source: str) -> Iterator[tokenize.TokenInfo]:
    """Yield the tokens outside of f-strings, into which Python looks from version 3.12 on."""
    depth = 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        kind = tokenize.tok_name[token.type]
        depth += kind.endswith("STRING_START") - kind.endswith("STRING_END")
        if not depth:
            yield token


def _cuts(source: str, tokens: Iterable[tokenize.TokenInfo]) -> Iterator[Cut]:
    """Yield where comments are, and statements that are no more than a string, as docstrings are.

    A string goes with a semicolon after it; one that is the whole body of something is replaced.
    """
    for token in tokens:
        if token.type == tokenize.COMMENT:
            yield (token.start[0] - 1, token.start[1]), (token.end[0] - 1, token.end[1]), ""
    lines = source.split("\n")
    for node, replaced in _strings(ast.parse(source)):
        row, last = node.lineno - 1, node.end_lineno - 1
        start, end = (  # `ast` counts bytes
            len(lines[at].encode()[:offset].decode())
            for at, offset in ((row, node.col_offset), (last, node.end_col_offset))
        )
        if not replaced:
            end += len(re.match(r"([ \t]*;[ \t]*)?", lines[last][end:])[0])
        yield (row, start), (last, end), "pass" if replaced else ""


def _strings(tree: ast.Module) -> Iterator[tuple[ast.stmt, bool]]:
    """Yield the statements that are a string, and whether one has to stand for a whole body."""
    for parent in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            body = getattr(parent, name, None)
            strings = [node for node in body if _is_string(node)] if isinstance(body, list) else []
            whole = strings == body and parent is not tree
            yield from ((node, whole and node is body[0]) for node in strings)


def _is_string(node: ast.AST) -> bool:
    value = node.value if isinstance(node, ast.Expr) else None
    return isinstance(value, ast.Constant) and isinstance(value.value, str)
