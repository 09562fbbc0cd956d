"""Files of the pipeline: safetensors, CSV and JSON, each written whole or not at all."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from ruamel.yaml import YAML
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError
from safetensors import safe_open
from safetensors.numpy import save

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
    """Read the arrays `names`, or all of them."""
    with safe_open(path, framework="np") as file:
        return {name: file.get_tensor(name) for name in names or file.keys()}


def read_facts(path: str | Path) -> Any:
    """Read what `write_arrays` put in the header."""
    with safe_open(path, framework="np") as file:
        return json.loads(file.metadata()["facts"])


def write_json(path: str | Path, value: Any) -> None:
    """Write a metrics file: floats to six significant digits, NaN as null."""
    text = json.dumps(_rounded(value), indent=2, allow_nan=False)
    write_bytes(path, (text + "\n").encode())


def read_json(path: str | Path) -> Any:
    """Read a metrics file."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def read_yaml(path: str | Path) -> Any:
    """Read a YAML file as DVC reads it.

    Raises
    ------
    ValueError
        Names file and line of what is no YAML, or of a key that stands twice in its block.
    """
    text = Path(path).read_text(encoding="utf-8")
    try:
        return YAML(typ="safe").load(text)
    except DuplicateKeyError as error:
        key = error.problem.split('"')[1]
        line = error.problem_mark.line + 1
        raise ValueError(f"{path}: line {line}: {key} stands twice in its block") from None
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1
        raise ValueError(f"{path}: line {line}: {error.problem}") from None


def write_table(path: str | Path, table: pd.DataFrame) -> None:
    """Write a tidy table with the 17 significant digits that bring every float64 back as it was."""
    text = table.to_csv(index=False, float_format="%.17g", lineterminator="\n")
    write_bytes(path, text.encode())


def read_table(path: str | Path) -> pd.DataFrame:
    """Read a tidy table, each number to the last bit; only empty cells are missing values."""
    return pd.read_csv(path, keep_default_na=False, na_values=[""])


def _rounded(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _rounded(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(part) for part in value]
    if isinstance(value, (float, np.floating)):
        return float(f"{value:.6g}") if np.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value
