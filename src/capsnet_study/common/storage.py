"""Files of the pipeline: safetensors, CSV and JSON, each written whole or not at all."""

from __future__ import annotations

import csv
import json
import os
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from capsnet_study.common.errors import FileError

Arrays = dict[str, np.ndarray]


def write_bytes(path: str | Path, content: bytes) -> None:
    """Write `content` to `path` atomically: a reader sees the old file or the whole new one.

    A process that is killed meanwhile may leave a hidden ``*.tmp`` beside it, which Git and DVC
    ignore.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def write_text(path: str | Path, text: str) -> None:
    """Write a text in UTF-8, as `write_bytes` does."""
    write_bytes(path, text.encode())


def write_arrays(path: str | Path, arrays: Mapping[str, np.ndarray], facts: Any = None) -> None:
    """Write named arrays, with `facts` (plain values) in the header."""
    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    metadata = {"facts": json.dumps(facts, sort_keys=True)} if facts is not None else None
    write_bytes(path, save(contiguous, metadata=metadata))


def read_arrays(path: str | Path, *names: str) -> Arrays:
    """Read the arrays `names`, or all of them.

    Raises
    ------
    FileError
        As `reading`, or the file lacks one of the `names`.
    """
    with reading(path), safe_open(path, framework="np") as file:
        there = list(file.keys())
        _check_has(path, "array", names, there)
        return {name: file.get_tensor(name) for name in names or there}


def read_facts(path: str | Path, *keys: str) -> Any:
    """Read what `write_arrays` put in the header; where it is a mapping, it must have the `keys`.

    Raises
    ------
    FileError
        As `reading`, or the file has no facts or lacks one of the `keys`.
    """
    with reading(path), safe_open(path, framework="np") as file:
        metadata = file.metadata() or {}
        _check_has(path, "header entry", ["facts"], metadata)
        facts = json.loads(metadata["facts"])
    _check_has(path, "fact", keys, facts)
    return facts


def write_json(path: str | Path, value: Any) -> None:
    """Write a metrics file: floats to six significant digits, NaN as null."""
    text = json.dumps(_rounded(value), indent=2, allow_nan=False)
    write_bytes(path, (text + "\n").encode())


def read_json(path: str | Path, *keys: str) -> Any:
    """Read a metrics file; where it is a mapping, it must have the `keys`.

    Raises
    ------
    FileError
        As `reading`, or the file lacks one of the `keys`.
    """
    with reading(path):
        value = json.loads(Path(path).read_text(encoding="utf-8"))
    _check_has(path, "key", keys, value)
    return value


def read_yaml(path: str | Path) -> Any:
    """Read a YAML file as DVC reads it.

    Raises
    ------
    FileError
        As `reading`; it names the line of what is no YAML, or of a key that is listed twice in its
        block.
    """
    with reading(path):
        text = Path(path).read_text(encoding="utf-8")
        try:
            return YAML(typ="safe").load(text)
        except DuplicateKeyError as error:
            key = error.problem.split('"')[1]
            line = error.problem_mark.line + 1
            raise FileError(f"{path}: line {line}: {key} is listed twice in its block") from None
        except MarkedYAMLError as error:
            line = error.problem_mark.line + 1
            raise FileError(f"{path}: line {line}: {error.problem}") from None


def write_table(path: str | Path, table: pd.DataFrame) -> None:
    """Write a tidy table with the 17 significant digits that bring every float64 back as it was."""
    text = table.to_csv(index=False, float_format="%.17g", lineterminator="\n")
    write_bytes(path, text.encode())


def read_table(path: str | Path, *columns: str) -> pd.DataFrame:
    """Read a tidy table, each number to the last bit; only empty cells are missing values.

    Raises
    ------
    FileError
        As `reading`, or the file is cut off, has lines of different length or no rows, or lacks one
        of the `columns`.
    """
    with reading(path):
        text = Path(path).read_text(encoding="utf-8")
        if text and not text.endswith("\n"):
            raise FileError(f"{path}: cut off in its last line")
        header, *rows = [len(cells) for cells in csv.reader(StringIO(text))] or [0]
        for line, cells in enumerate(rows, start=2):
            if cells != header:
                raise FileError(f"{path}: line {line}: {cells} cells, but the header has {header}")
        table = pd.read_csv(StringIO(text), keep_default_na=False, na_values=[""])
    _check_has(path, "column", columns, list(table))
    if table.empty:
        raise FileError(f"{path}: there are no rows")
    return table


@contextmanager
def reading(path: str | Path) -> Iterator[None]:
    """Name the file if it is missing, or is not what its reader expects.

    Raises
    ------
    FileError
        In one line: the file, and what is wrong.
    """
    try:
        yield
    except FileError:
        raise
    except FileNotFoundError:
        raise FileError(f"{path}: no such file") from None
    except OSError as error:
        raise FileError(f"{path}: {error.strerror or error}") from None
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(map(str, problem["loc"])) or "whole file"
        raise FileError(f"{path}: {place}: {problem['msg']}") from None
    except (ValueError, csv.Error, SafetensorError, YAMLError) as error:
        raise FileError(f"{path}: cannot be read: {' '.join(str(error).split())}") from None


def _check_has(path: str | Path, what: str, needed: Collection[str], there: Any) -> None:
    """Refuse a file that lacks something that is needed."""
    found = there if isinstance(there, (list, Mapping)) else []
    missing = [name for name in needed if name not in found]
    if missing:
        known = ", ".join(map(str, found)) or "none"
        raise FileError(f"{path}: no {what} {missing[0]!r}; there are: {known}")


def _rounded(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _rounded(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(part) for part in value]
    if isinstance(value, (float, np.floating)):
        return float(f"{value:.6g}") if np.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value
