"""Files that are written whole or not at all."""

import json
import os
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


def crash(*args):
    raise Crash


@pytest.mark.parametrize("moment", ["fsync", "chmod", "replace"])
def test_a_crash_leaves_the_old_file_and_no_other(tmp_path, monkeypatch, moment):
    path = tmp_path / "value.json"
    write_bytes(path, b"old")
    monkeypatch.setattr(storage.os, moment, crash)
    with pytest.raises(Crash):
        write_bytes(path, b"new and longer")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["value.json"]


def test_a_crash_before_the_first_file_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(storage.os, "replace", crash)
    with pytest.raises(Crash):
        write_table(tmp_path / "table.csv", pd.DataFrame({"a": [1]}))
    assert not os.listdir(tmp_path)


def test_what_cannot_be_written_leaves_the_old_file(tmp_path):
    path = tmp_path / "value.json"
    write_json(path, {"a": 1})
    with pytest.raises(TypeError):
        write_json(path, {"a": object()})
    assert read_json(path) == {"a": 1}
    assert os.listdir(tmp_path) == ["value.json"]


def test_folders_are_made_and_others_may_read(tmp_path):
    path = tmp_path / "deep" / "er" / "value.json"
    write_json(path, 1)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert os.listdir(path.parent) == ["value.json"]


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float32", "float64", "bool"])
def test_arrays_return_as_they_were(tmp_path, dtype):
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
        assert found[name].dtype == array.dtype
        assert np.array_equal(found[name], array)
    assert read_facts(path) == {"name": "7-8", "list": [1, 2.5]}


def test_some_arrays_may_be_read_alone(tmp_path):
    path = tmp_path / "arrays.safetensors"
    write_arrays(path, {"a": np.zeros(3), "b": np.ones(3)})
    assert list(read_arrays(path, "b")) == ["b"]


def test_no_pickle_is_read(tmp_path):
    path = tmp_path / "arrays.safetensors"
    np.savez(path.with_suffix(".npz"), a=np.array([object()], dtype=object))
    path.with_suffix(".npz").rename(path)
    with pytest.raises(Exception, match="header"):
        read_arrays(path)


def test_the_same_values_give_the_same_bytes(tmp_path):
    arrays = {name: np.full(3, index, dtype="f4") for index, name in enumerate("cab")}
    facts = {"z": 1, "a": {"y": 2, "b": 3}}
    table = pd.DataFrame({"x": [0.1, 1 / 3], "name": ["p", "q"]})
    for turn in ("first", "second"):
        order = list(arrays) if turn == "first" else sorted(arrays)
        keys = list(facts) if turn == "first" else sorted(facts)
        write_arrays(
            tmp_path / f"{turn}.st", {n: arrays[n] for n in order}, {k: facts[k] for k in keys}
        )
        write_json(tmp_path / f"{turn}.json", facts)
        write_table(tmp_path / f"{turn}.csv", table)
    for suffix in ("st", "json", "csv"):
        first, second = (tmp_path / f"{turn}.{suffix}" for turn in ("first", "second"))
        assert first.read_bytes() == second.read_bytes()


def test_metrics_are_plain_rounded_and_without_nan(tmp_path):
    path = tmp_path / "metrics.json"
    written = {
        "nan": float("nan"),
        "infinite": [np.inf, -np.float32("inf")],
        "third": 1 / 3,
        "small": np.float32(1e-9) / 3,
        "count": np.int64(12345678),
        "flag": np.bool_(True),
        "none": None,
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
        "none": None,
        "small": 3.33333e-10,
        "third": 0.333333,
        "tuple": [1, 2.0],
    }
    assert list(read_json(path)) == [str(key) for key in written]
    json.loads(path.read_text(), parse_constant=crash)
    assert path.read_text().endswith("}\n")


def test_tables_return_with_their_gaps(tmp_path):
    path = tmp_path / "table.csv"
    table = pd.DataFrame(
        {"arm": ["n1", "cnn"], "step": [0, 1000000], "loss": [np.nan, 1 / 3], "on": [True, False]}
    )
    write_table(path, table)
    assert (
        path.read_bytes()
        == b"arm,step,loss,on\nn1,0,,True\ncnn,1000000,0.33333333333333331,False\n"
    )
    pd.testing.assert_frame_equal(read_table(path), table)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=5))
def test_exact_tables_return_to_the_last_bit(tmp_path_factory, values):
    path = tmp_path_factory.getbasetemp() / "exact.csv"
    write_table(path, pd.DataFrame({"x": values}))
    assert read_table(path)["x"].astype(float).tolist() == values


def test_a_temporary_file_is_named_as_what_git_and_dvc_ignore(tmp_path, monkeypatch):
    replaced = []
    monkeypatch.setattr(storage.os, "replace", lambda *paths: replaced.append(paths))
    write_bytes(tmp_path / "value.json", b"whole")
    (temporary, final) = map(Path, replaced[0])
    assert final == tmp_path / "value.json"
    assert temporary.parent == tmp_path and temporary.suffix == ".tmp"


def refusal(reader, path, *needed) -> str:
    """Return what is said of a file, which is one line that begins with its name."""
    with pytest.raises(FileError) as refused:
        reader(path, *needed)
    message = str(refused.value)
    assert message.startswith(f"{path}: ") and len(message.splitlines()) == 1
    return message.removeprefix(f"{path}: ")


READERS = [read_arrays, read_facts, read_json, read_table, read_yaml]


@pytest.mark.parametrize("reader", READERS)
def test_a_missing_file_is_named(reader, tmp_path):
    assert refusal(reader, tmp_path / "none") == "no such file"


@pytest.mark.parametrize("reader", READERS)
def test_a_folder_in_the_place_of_a_file_is_named(reader, tmp_path):
    refusal(reader, tmp_path)


@pytest.mark.parametrize("reader", [read_arrays, read_facts])
@pytest.mark.parametrize("size", [0, 7, 40, -1])
def test_arrays_that_are_cut_off_are_named(reader, size, tmp_path):
    path = tmp_path / "arrays.safetensors"
    write_arrays(path, {"a": np.arange(100)}, {"b": 1})
    path.write_bytes(path.read_bytes()[:size])
    assert "header" in refusal(reader, path)


def test_an_array_or_a_fact_that_is_not_there_is_named_with_those_that_are(tmp_path):
    path = tmp_path / "arrays.safetensors"
    write_arrays(path, {"a": np.zeros(3), "b": np.zeros(3)}, {"c": 1})
    assert refusal(read_arrays, path, "a", "z") == "no array 'z'; there are: a, b"
    assert refusal(read_facts, path, "z") == "no fact 'z'; there are: c"
    write_arrays(path, {"a": np.zeros(3)})
    assert "no header entry 'facts'" in refusal(read_facts, path)


@pytest.mark.parametrize(
    "content, expected",
    [
        (b"", "No columns"),
        (b"a,b\n", "there are no rows"),
        (b"b,c\n1,2\n", "no column 'a'; there are: b, c"),
        (b"a,b\n1,2\n3,0.1", "cut off in its last line"),
        (b"a,b\n1,2\n3\n", "line 3: 1 cells, but the header has 2"),
        (b"a,b\n1,2,3\n", "line 2: 3 cells, but the header has 2"),
        (b"a,b\n1,\xff\n", "utf-8"),
        (b"\0\0\0\n", "no column 'a'"),
    ],
)
def test_a_table_that_is_none_is_named(content, expected, tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    assert expected in refusal(read_table, path, "a")


@pytest.mark.parametrize(
    "content, expected",
    [
        (b"", "line 1 column 1"),
        (b'{"a": {"b": 1', "line 1 column 14"),
        (b'{"b": 1}', "no key 'a'; there are: b"),
        (b"[1, 2]", "no key 'a'"),
        (b'"\xff"', "utf-8"),
    ],
)
def test_metrics_that_are_none_are_named(content, expected, tmp_path):
    path = tmp_path / "metrics.json"
    path.write_bytes(content)
    assert expected in refusal(read_json, path, "a")


@pytest.mark.parametrize(
    "content, expected",
    [
        (b"a: 1\nb:\n  c: 1\n  c: 2\n", "line 4: c is listed twice"),
        (b"a: 1\nb: [1\n", "line 3: "),
        (b"a: \xff\n", "utf-8"),
        (b"a: \x01\n", "control characters"),
        (b"a: 2024-13-01\n", "month"),
        (b"a: !!python/name:os.system\n", "line 1: could not determine a constructor"),
    ],
)
def test_what_is_no_yaml_is_named(content, expected, tmp_path):
    path = tmp_path / "some.yaml"
    path.write_bytes(content)
    assert expected in refusal(read_yaml, path)


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300))
def test_six_significant_digits_survive(tmp_path_factory, value):
    path = tmp_path_factory.getbasetemp() / "value.json"
    write_json(path, value)
    assert read_json(path) == pytest.approx(value, rel=1e-5)
