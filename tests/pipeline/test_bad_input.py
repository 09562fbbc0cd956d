"""What is wrong is reported by name, ends in an exit code, and leaves nothing half-written."""

from __future__ import annotations

import pickle
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from capsnet_study.claims.declarations import parse_claims
from capsnet_study.common.storage import (
    read_json,
    read_table,
    read_yaml,
    write_arrays,
    write_bytes,
    write_json,
    write_table,
)
from capsnet_study.params import load_params
from capsnet_study.report.render import OtherVersionError, render_report
from stages import (
    activations,
    arm,
    claims,
    code,
    digits,
    domains,
    embed,
    fitting,
    interventions,
    multimnist,
)
from tests.pipeline.conftest import files
from tests.project import copy, text_of
from tests.report.report_inputs import PARAMS, results_of


def changed(workspace: Path, block: str, key: str, value: object) -> None:
    document = yaml.safe_load((workspace / "params.yaml").read_text())
    document[block][key] = value
    (workspace / "params.yaml").write_text(yaml.safe_dump(document, sort_keys=False))


@pytest.mark.parametrize(
    ("block", "key", "value", "reported"),
    [
        ("train", "lr_cnn", "fast", ["train.lr_cnn = 'fast'", "number"]),
        ("routing", "n_iter", 0, ["routing.n_iter = 0", "greater than or equal to 1"]),
        ("data", "sauce", 1, ["data.sauce", "source"]),
    ],
)
def test_a_wrong_parameter_stops_a_stage_before_any_work(
    block, key, value, reported, workspace, refused
):
    changed(workspace, block, key, value)
    before = files(workspace)
    message = refused(code.main)
    assert all(words in message for words in reported)
    assert files(workspace) == before


def test_an_unknown_arm_is_named_with_those_there_are(workspace, refused):
    copy(workspace, "dvc.yaml")
    before = files(workspace)
    reported = refused(arm.main, "sweep", "n4")
    assert "sweep.n4: no such arm" in reported and "n3, n5" in reported
    assert files(workspace) == before


# Files


def test_parameters_that_are_not_utf_8_are_named(workspace, refused):
    (workspace / "params.yaml").write_bytes(b"# \xe9t\xe9\n")
    assert "params.yaml: " in refused(digits.main)


DAMAGED = {  # by file: what stands there, the command that reads it, and what is reported
    "data/digits.safetensors": (b"cut off", multimnist.main, (), "header"),
    "data/multimnist.safetensors": (b"cut off", domains.main, (), "header"),
    "data/activations/cnn.safetensors": (
        b"cut off",
        embed.main,
        ("cnn", "cnn", "linear1"),
        "header",
    ),
    "data/networks/n3/trial0.safetensors": (b"cut off", interventions.main, ("n3",), "header"),
    "data/sweep/n1.csv": (b"", fitting.main, (), "No columns"),
    "plots/fitting.csv": (b"arm,trial\nn1,0\nn1", claims.main, (), "cut off in its last line"),
}


@pytest.mark.parametrize("path", DAMAGED)
def test_a_damaged_file_is_named_with_what_is_wrong(path, workspace, refused):
    content, main, arguments, reported = DAMAGED[path]
    copy(workspace, "dvc.yaml")
    write_bytes(path, content)
    message = refused(main, *arguments)
    assert message.startswith(f"error: {path}: ") and reported in message


@pytest.mark.parametrize("main", [multimnist.main, domains.main, fitting.main, claims.main])
def test_a_missing_file_is_named(main, workspace, refused):
    copy(workspace, "dvc.yaml")
    assert refused(main).endswith(": no such file")


def test_a_table_without_a_column_is_named_with_those_it_has(workspace, refused):
    copy(workspace, "dvc.yaml")
    write_table("data/sweep/n1.csv", pd.DataFrame({"step": [0], "loss": [1.0]}))
    reported = refused(fitting.main)
    assert reported == "error: data/sweep/n1.csv: no column 'trial'; there are: step, loss"


def test_a_folder_without_networks_is_named(workspace, refused):
    copy(workspace, "dvc.yaml")
    write_arrays("data/manifold.safetensors", {"images": np.zeros((1, 81, 36, 36), np.uint8)})
    reported = refused(activations.main, "cnn", "data/networks/cnn")
    assert reported == "error: data/networks/cnn: there is no trained network"


@pytest.mark.parametrize("text", ["- id: C1\n   title: odd\n", "- 7\n", "C1: true\n", "", "\xe9"])
def test_claims_that_are_none_are_named(text, workspace, refused):
    (workspace / "claims.yaml").write_text(text, encoding="latin-1")

    def main() -> None:
        parse_claims(read_yaml("claims.yaml"))

    assert refused(main).startswith("error: claims.yaml: ")


@pytest.mark.parametrize("damage", ["cut short", "one bit"])
def test_a_damaged_file_of_mnist_is_named_with_both_checksums(
    damage, workspace, refused, monkeypatch
):
    raw = workspace / "mnist"
    raw.mkdir()
    for name in ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"):
        (raw / name).write_bytes(b"\0\0\x08\x03" + bytes(100))
    if damage == "cut short":
        (raw / "train-images-idx3-ubyte").write_bytes(b"\0\0")
    monkeypatch.setenv("MNIST_DIR", str(raw))
    copy(workspace, "dvc.yaml")
    before = files(workspace)
    reported = refused(digits.main)
    assert "train-images-idx3-ubyte: sha256 is " in reported and "expected ba891046" in reported
    assert files(workspace) == before


def test_more_images_than_the_digits_can_give_are_refused(workspace):
    arrays = {
        f"{part}_{kind}": array
        for part in ("train", "test")
        for kind, array in (
            ("images", np.zeros((2, 28, 28), np.uint8)),
            ("labels", np.arange(2, dtype=np.uint8)),
        )
    }
    write_arrays(workspace / "data/digits.safetensors", arrays)
    before = files(workspace)
    with pytest.raises(ValueError, match=r"30,?889"):
        multimnist.main()
    assert files(workspace) == before


def test_a_pickle_in_the_place_of_arrays_is_refused_and_never_run(workspace, refused):
    sprung = workspace / "sprung"

    class Trap:
        def __reduce__(self):
            return Path.touch, (sprung,)

    copy(workspace, "dvc.yaml")
    write_bytes("data/digits.safetensors", pickle.dumps(Trap()))
    assert "data/digits.safetensors: " in refused(multimnist.main) and not sprung.exists()
    assert not (workspace / "data/multimnist.safetensors").exists()


# Arms


HISTORY = pd.DataFrame(
    {"trial": 0, "step": [0, 10], "exact_match": [0.0, 0.5], "loss": [np.nan, 1.0]}
)


def test_a_removed_arm_vanishes_from_tables_and_metrics(workspace):
    changed(workspace, "sweep", "gone", {"model": "cnn"})
    for name in load_params().sweep:
        write_table(f"data/sweep/{name}.csv", HISTORY)
    fitting.main()
    assert "gone" in read_json("metrics/fitting.json")
    (workspace / "params.yaml").write_text(text_of("params.yaml"))
    fitting.main()
    assert (workspace / "data/sweep/gone.csv").exists()
    assert "gone" not in read_json("metrics/fitting.json")
    for table in ("fitting", "fitting_trials"):
        assert "gone" not in set(read_table(f"plots/{table}.csv")["arm"])


def test_an_empty_sweep_is_refused(workspace, refused):
    document = yaml.safe_load(text_of("params.yaml")) | {"sweep": {}}
    (workspace / "params.yaml").write_text(yaml.safe_dump(document))
    assert "params.yaml: sweep: " in refused(fitting.main)
    assert files(workspace) == {"params.yaml"}


# Disks and versions


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond `size` bytes, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "some.safetensors"
    write_arrays(path, {"a": np.zeros(10)})
    old = path.read_bytes()
    with room_for(2000), pytest.raises(OSError, match="too large"):
        write_arrays(path, {"a": np.zeros(10_000)})
    assert path.read_bytes() == old and files(tmp_path) == {"some.safetensors"}


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "metrics").write_text("a file where a folder should be")
    with pytest.raises(OSError, match="metrics"):
        write_json(tmp_path / "metrics/claims.json", {})
    assert files(tmp_path) == {"metrics"}


def test_metrics_of_another_version_are_refused():
    results = results_of(PARAMS)
    assert render_report(results, PARAMS)
    fitting = {arm: dict(record) for arm, record in results.fitting.items()}
    for record in fitting.values():
        del record["exact_match"]
    with pytest.raises(OtherVersionError, match=r"exact_match.*dvc repro"):
        render_report(replace(results, fitting=fitting), PARAMS)
