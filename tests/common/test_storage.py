"""Files that are written whole or not at all, and are named if they cannot be read."""

import json
import stat
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capsnet_study.common import storage
from capsnet_study.common.errors import FileError
from capsnet_study.common.storage import (
    read_arrays,
    read_facts,
    read_json,
    read_table,
    read_yaml,
    write_arrays,
    write_bytes,
    write_json,
    write_table,
)


class Crash(BaseException):
    """Nothing catches this, as nothing catches an interrupt."""


@pytest.mark.parametrize("moment", ["fsync", "chmod", "replace"])
@pytest.mark.parametrize("old", [b"old", None])
def test_a_crash_leaves_the_old_file_or_none_and_no_other(tmp_path, monkeypatch, moment, old):
    path = tmp_path / "value.json"
    if old is not None:
        write_bytes(path, old)

    def crash(*_):
        raise Crash

    monkeypatch.setattr(storage.os, moment, crash)
    with pytest.raises(Crash):
        write_bytes(path, b"new and longer")
    assert [one.read_bytes() for one in tmp_path.iterdir()] == [old] * path.exists()
    assert path.exists() == (old is not None)


def test_a_file_is_drafted_beside_it_with_a_name_that_git_and_dvc_ignore(tmp_path, monkeypatch):
    path, replaced = tmp_path / "deep" / "er" / "value.json", []

    def replace(draft, final):
        replaced.append((Path(draft), final))

    monkeypatch.setattr(storage.os, "replace", replace)
    write_json(path, 1)
    ((draft, final),) = replaced
    assert (draft.parent, draft.suffix, final) == (path.parent, ".tmp", path)
    assert stat.S_IMODE(draft.stat().st_mode) == 0o644  # others may read it


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float32", "float64", "bool"])
def test_arrays_return_as_they_were_all_or_some(tmp_path, dtype):
    path = tmp_path / "arrays.safetensors"
    arrays = {
        "whole": np.arange(24).reshape(2, 3, 4).astype(dtype),
        "strided": np.arange(24).reshape(4, 6).astype(dtype)[:, ::2].T,
        "empty": np.empty((0, 3), dtype),
    }
    write_arrays(path, arrays, {"name": "7-8", "list": [1, 2.5]})
    found = read_arrays(path)
    assert set(found) == set(arrays)
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype and np.array_equal(found[name], array)
    assert read_facts(path) == {"name": "7-8", "list": [1, 2.5]}
    assert list(read_arrays(path, "strided")) == ["strided"]


def test_the_same_values_give_the_same_bytes(tmp_path):
    arrays = {name: np.full(3, index, dtype="f4") for index, name in enumerate("cab")}
    facts = {"z": 1, "a": {"y": 2, "b": 3}}
    write_arrays(tmp_path / "one", arrays, facts)
    write_arrays(tmp_path / "other", dict(sorted(arrays.items())), dict(sorted(facts.items())))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_metrics_are_plain_rounded_in_order_and_without_nan(tmp_path):
    path = tmp_path / "metrics.json"
    written = {
        "nan": float("nan"),
        "infinite": [np.inf, -np.float32("inf")],
        "third": 1 / 3,
        "small": np.float32(1e-9) / 3,
        "count": np.int64(12345678),
        "flag": np.bool_(True),
        "tuple": (1, 2.0),
        7: "text",
    }
    write_json(path, written)
    assert read_json(path) == {
        "7": "text",
        "count": 12345678,
        "flag": True,
        "infinite": [None, None],
        "nan": None,
        "small": 3.33333e-10,
        "third": 0.333333,
        "tuple": [1, 2.0],
    }
    assert list(json.loads(path.read_text())) == [str(key) for key in written]


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300))
def test_six_significant_digits_survive_in_metrics_and_all_in_tables(tmp_path_factory, value):
    folder = tmp_path_factory.getbasetemp()
    write_json(folder / "value.json", value)
    assert read_json(folder / "value.json") == pytest.approx(value, rel=1e-5)
    write_table(folder / "exact.csv", pd.DataFrame({"x": [value]}))
    assert read_table(folder / "exact.csv")["x"].astype(float).tolist() == [value]


def test_tables_return_with_their_gaps(tmp_path):
    path = tmp_path / "table.csv"
    table = pd.DataFrame(
        {"arm": ["n1", "NA"], "step": [0, 1000000], "loss": [np.nan, 1 / 3], "on": [True, False]}
    )
    write_table(path, table)
    assert path.read_bytes().splitlines()[1:] == [
        b"n1,0,,True",
        b"NA,1000000,0.33333333333333331,False",
    ]
    pd.testing.assert_frame_equal(read_table(path), table)


def refusal(reader, path, *needed) -> str:
    """Return what is said of a file, which is one line that begins with its name."""
    with pytest.raises(FileError) as refused:
        reader(path, *needed)
    message = str(refused.value)
    assert message.startswith(f"{path}: ") and len(message.splitlines()) == 1
    return message.removeprefix(f"{path}: ")


@pytest.mark.parametrize("reader", [read_arrays, read_facts, read_json, read_table, read_yaml])
def test_a_missing_file_and_a_folder_in_its_place_are_named(reader, tmp_path):
    assert refusal(reader, tmp_path / "none") == "no such file"
    refusal(reader, tmp_path)


@pytest.mark.parametrize("size", [0, 7, 40, -1])
def test_arrays_that_are_cut_off_are_named(size, tmp_path):
    path = tmp_path / "arrays.safetensors"
    write_arrays(path, {"a": np.arange(100)}, {"b": 1})
    path.write_bytes(path.read_bytes()[:size])
    for reader in (read_arrays, read_facts):
        assert "header" in refusal(reader, path)


def test_an_array_or_a_fact_that_is_not_there_is_named_with_those_that_are(tmp_path):
    path = tmp_path / "arrays.safetensors"
    write_arrays(path, {"a": np.zeros(3), "b": np.zeros(3)}, {"c": 1})
    assert refusal(read_arrays, path, "a", "z") == "no array 'z'; there are: a, b"
    assert refusal(read_facts, path, "z") == "no fact 'z'; there are: c"
    write_arrays(path, {"a": np.zeros(3)})
    assert "no header entry 'facts'" in refusal(read_facts, path)


@pytest.mark.parametrize(
    ("reader", "content", "expected"),
    [
        (read_table, b"", "No columns"),
        (read_table, b"a,b\n", "there are no rows"),
        (read_table, b"b,c\n1,2\n", "no column 'a'; there are: b, c"),
        (read_table, b"a,b\n1,2\n3,0.1", "cut off in its last line"),
        (read_table, b"a,b\n1,2\n3\n", "line 3: 1 cells, but the header has 2"),
        (read_json, b'{"a": {"b": 1', "line 1 column 14"),
        (read_json, b'{"b": 1}', "no key 'a'; there are: b"),
    ],
)
def test_a_table_or_metrics_that_are_none_are_named(reader, content, expected, tmp_path):
    path = tmp_path / "some"
    path.write_bytes(content)
    assert expected in refusal(reader, path, "a")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a: 1\nb:\n  c: 1\n  c: 2\n", "line 4: c is listed twice"),
        (b"a: 1\nb: [1\n", "line 3: "),
        (b"a: \xff\n", "utf-8"),
        (b"a: !!python/name:os.system\n", "line 1: could not determine a constructor"),
    ],
)
def test_what_is_no_yaml_is_named(content, expected, tmp_path):
    path = tmp_path / "some.yaml"
    path.write_bytes(content)
    assert expected in refusal(read_yaml, path)
