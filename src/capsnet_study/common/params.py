"""Blocks of ``params.yaml`` as frozen dataclasses, checked before use.

The dataclass of a block is in ``params.py`` of the package that it shapes, so that a stage depends
on the blocks that it reads and on no others.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Annotated, Any, get_args, get_type_hints

from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, ValidationError

from capsnet_study.common.errors import ParameterError
from capsnet_study.common.storage import read_yaml

STRICT = ConfigDict(extra="forbid", strict=True)
PATH = "params.yaml"

Count = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
DigitPair = Annotated[str, Field(pattern=r"^[0-9]-[0-9]$")]


def _without_repeats(values: list[Any]) -> list[Any]:
    for number, value in enumerate(values):
        if value in values[:number]:
            raise ValueError(f"{value!r} is listed twice")
    return values


EachOnce = AfterValidator(_without_repeats)
"""Of a list: it may not name anything twice."""


def load_blocks(path: str = PATH, **kinds: Any) -> tuple[Any, ...]:
    """Read and check some blocks of a parameter file.

    Parameters
    ----------
    path
        Of the file.
    kinds
        By name of the block, its type.

    Returns
    -------
    The blocks, typed, in the order of `kinds`.

    Raises
    ------
    FileError
        The file cannot be read.
    ParameterError
        A block is wrong: it names each key, its value and what is allowed.
    """
    document = read_document(path)
    missing = [name for name in kinds if name not in document]
    if missing:
        raise ParameterError("\n".join(f"{path}: {name}: missing" for name in missing))
    return tuple(check(document[name], kind, (name,), path) for name, kind in kinds.items())


def read_document(path: str = PATH) -> dict[str, Any]:
    """Return a parameter file as YAML gives it: a mapping of blocks.

    Raises
    ------
    FileError
        It cannot be read, or names a key twice in a block.
    ParameterError
        It is no mapping.
    """
    document = read_yaml(path)
    if not isinstance(document, dict):
        found = type(document).__name__
        raise ParameterError(f"{path}: a mapping of blocks is expected, found {found}")
    return document


def check(value: Any, kind: Any, place: Sequence[str] = (), name: str = PATH) -> Any:
    """Return a value of YAML as the type `kind`.

    Parameters
    ----------
    value, kind
        What YAML gives, and what it should be.
    place
        The keys that lead to it, for messages.
    name
        What messages call the file.

    Raises
    ------
    ParameterError
        Names each wrong key, the value found and what is allowed.
    """
    try:
        # Through JSON, since strict mode takes a mapping for a dataclass there and only there.
        return TypeAdapter(kind).validate_json(json.dumps(value, default=str))
    except ValidationError as error:
        lines = [f"{name}: {_explain(problem, kind, place)}" for problem in error.errors()]
        raise ParameterError("\n".join(lines)) from None


def _explain(problem: Mapping[str, Any], kind: Any, place: Sequence[str]) -> str:
    keys, block = _walk(problem["loc"], kind)
    key = ".".join([*place, *keys]) or "whole file"
    found = problem["input"]
    if problem["type"] == "missing":
        return f"{key}: missing"
    if problem["type"] == "unexpected_keyword_argument":
        return f"{key}: no such key; there are {', '.join(field.name for field in fields(block))}"
    if problem["type"] == "value_error" or not isinstance(found, (str, int, float, list)):
        return f"{key}: {problem['msg'].removeprefix('Value error, ')}"
    hint = ""
    if isinstance(found, str) and re.fullmatch(r"[\d.]+e-?\d+", found, re.IGNORECASE):
        hint = " (without the quotation marks it is a number)"
    return f"{key} = {found!r}: {problem['msg']}{hint}"


def _walk(location: Sequence[str | int], kind: Any) -> tuple[list[str], Any]:
    """Return the keys of the file that lead to a problem, and the dataclass that the last is in.

    Where a type is one of several, pydantic's location names the one that was chosen: no key.
    """
    keys: list[str] = []
    block = None
    for part in location:
        options = [one for one in _members(kind) if is_dataclass(one)]
        if len(options) > 1:
            kind = next(one for one in options if part in _tags(one))
            continue
        keys.append(str(part))
        if options:
            block, kind = options[0], get_type_hints(options[0]).get(str(part))
        else:
            kind = (get_args(kind) or (None,))[-1]
    return keys, block


def _members(kind: Any) -> list[Any]:
    """Return the types that an annotated type, or a union of types, consists of."""
    if get_args(kind) and not isinstance(kind, type) and not _is_container(kind):
        return [member for part in get_args(kind) for member in _members(part)]
    return [kind]


def _is_container(kind: Any) -> bool:
    return getattr(kind, "__origin__", None) in (dict, list)


def _tags(kind: type) -> tuple[Any, ...]:
    """Return the values of `model` that choose this dataclass among several."""
    return get_args(get_type_hints(kind)["model"])
