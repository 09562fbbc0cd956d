"""What is wrong is reported by name, ends in an exit status, and leaves nothing half-written."""

from __future__ import annotations

import pickle
import resource
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from capsnet_study.common.storage import (
    read_json,
    read_table,
    write_arrays,
    write_bytes,
    write_table,
)
from capsnet_study.params import load_params
from stages import activations, arm, claims, code, digits, fitting, multimnist
from tests.pipeline.conftest import files


def test_a_wrong_parameter_stops_a_run_before_any_work(workspace, params_of, refused):
    params_of(train={"lr_cnn": "fast"})
    before = files(workspace)
    message = refused(code.main)
    assert "params.yaml: train.lr_cnn = 'fast'" in message and "number" in message
    assert files(workspace) == before


def test_an_unknown_arm_is_named_with_those_there_are(workspace, refused):
    before = files(workspace)
    message = refused(arm.main, "sweep", "n4")
    assert "sweep.n4: no such arm" in message and "n3, n5" in message
    assert files(workspace) == before


HALF = b"arm,trial\nn1,0\nn1"
IMAGES = {"images": np.zeros((1, 81, 36, 36), np.uint8)}


@pytest.mark.parametrize(
    ("main", "arguments", "path", "content", "reported"),
    [
        (multimnist.main, (), "data/digits.safetensors", None, "no such file"),
        (multimnist.main, (), "data/digits.safetensors", b"cut off", "header"),
        (claims.main, (), "plots/fitting.csv", HALF, "cut off in its last line"),
        (fitting.main, (), "data/sweep/n1.csv", b"a,b\n1,2\n", "no column 'trial'"),
        (activations.main, ("cnn", "data/networks/cnn"), "data/networks/cnn", None, "no trained"),
    ],
)
def test_a_file_is_named_with_what_is_wrong(
    main, arguments, path, content, reported, workspace, refused
):
    write_arrays("data/manifold.safetensors", IMAGES)
    if content is not None:
        write_bytes(path, content)
    message = refused(main, *arguments)
    assert message.startswith(f"error: {path}: ") and reported in message


def test_a_damaged_file_of_mnist_is_named_with_both_checksums(workspace, refused, monkeypatch):
    for name in ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"):
        write_bytes(f"mnist/{name}", b"\0\0\x08\x03" + bytes(100))
    monkeypatch.setenv("MNIST_DIR", "mnist")
    before = files(workspace)
    message = refused(digits.main)
    assert "train-images-idx3-ubyte: sha256 is " in message and "expected ba891046" in message
    assert files(workspace) == before


def test_more_images_than_the_digits_can_give_are_refused(workspace):
    some = {"images": np.zeros((2, 28, 28), np.uint8), "labels": np.arange(2, dtype=np.uint8)}
    arrays = {f"{part}_{kind}": some[kind] for part in ("train", "test") for kind in some}
    write_arrays("data/digits.safetensors", arrays)
    before = files(workspace)
    with pytest.raises(ValueError, match=r"30,?889"):
        multimnist.main()
    assert files(workspace) == before


def test_a_pickle_in_the_place_of_arrays_is_refused_and_never_run(workspace, refused):
    sprung = workspace / "sprung"

    class Trap:
        def __reduce__(self):
            return Path.touch, (sprung,)

    write_bytes("data/digits.safetensors", pickle.dumps(Trap()))
    assert "data/digits.safetensors: " in refused(multimnist.main) and not sprung.exists()
    assert not Path("data/multimnist.safetensors").exists()


def test_a_removed_arm_vanishes_from_tables_and_metrics(workspace, params_of):
    history = {"trial": 0, "step": [0, 10], "exact_match": [0.0, 0.5], "loss": [np.nan, 1.0]}
    params_of(sweep={"gone": {"model": "cnn"}})
    for name in load_params().sweep:
        write_table(f"data/sweep/{name}.csv", pd.DataFrame(history))
    fitting.main()
    assert "gone" in read_json("metrics/fitting.json")
    params_of()
    fitting.main()
    assert "gone" not in read_json("metrics/fitting.json")
    for table in ("fitting", "fitting_trials"):
        assert "gone" not in set(read_table(f"plots/{table}.csv")["arm"])


def test_a_full_disk_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "some.safetensors"
    write_arrays(path, {"a": np.zeros(10)})
    old = path.read_bytes()
    limit, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, most))  # of each file of this process
    try:
        with pytest.raises(OSError, match="too large"):
            write_arrays(path, {"a": np.zeros(10_000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, most))
    assert path.read_bytes() == old and files(tmp_path) == {"some.safetensors"}
