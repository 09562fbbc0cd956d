"""What is wrong is told by name, ends in an exit code, and leaves nothing half-written."""

from __future__ import annotations

import os
import pickle
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from capsnet_study.common.storage import (
    read_json,
    read_table,
    write_arrays,
    write_json,
    write_table,
)
from capsnet_study.data.digits import DataFileError
from capsnet_study.params import load_params
from capsnet_study.report.render import OtherVersionError, render_report
from stages import digits, fitting, multimnist
from tests.project import ROOT, text_of
from tests.report.report_inputs import PARAMS, results_of


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory with the committed parameters."""
    (tmp_path / "params.yaml").write_text(text_of("params.yaml"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def stage(workspace: Path, *command: str, **environment: str) -> subprocess.CompletedProcess:
    """Run a stage as DVC would, in `workspace`."""
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=workspace,
        env=os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"} | environment,
        text=True,
        capture_output=True,
    )


def changed(workspace: Path, block: str, key: str, value: object) -> None:
    document = yaml.safe_load((workspace / "params.yaml").read_text())
    document[block][key] = value
    (workspace / "params.yaml").write_text(yaml.safe_dump(document, sort_keys=False))


@pytest.mark.parametrize(
    ("block", "key", "value", "told"),
    [
        ("train", "lr_cnn", "fast", ["train.lr_cnn = 'fast'", "number"]),
        ("routing", "n_iter", 0, ["routing.n_iter = 0", "greater than or equal to 1"]),
        ("data", "sauce", 1, ["data.sauce", "source"]),
    ],
)
def test_a_wrong_parameter_stops_a_stage_before_any_work(workspace, block, key, value, told):
    changed(workspace, block, key, value)
    before = files(workspace)
    done = stage(workspace, "stages.digits")
    assert done.returncode != 0
    for words in told:
        assert words in " ".join(done.stderr.split())
    assert files(workspace) == before


def test_an_unknown_arm_is_named_with_those_there_are(workspace):
    before = files(workspace)
    done = stage(workspace, "stages.sweep", "n4")
    assert done.returncode != 0
    assert "no arm 'n4'" in done.stderr and "n3, n5" in done.stderr
    assert files(workspace) == before


@pytest.mark.parametrize("damage", ["cut short", "one bit"])
def test_a_damaged_file_of_mnist_is_named_with_both_checksums(workspace, damage):
    raw = workspace / "mnist"
    raw.mkdir()
    for name in ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"):
        (raw / name).write_bytes(b"\0\0\x08\x03" + bytes(100))
    if damage == "cut short":
        (raw / "train-images-idx3-ubyte").write_bytes(b"\0\0")
    before = files(workspace)
    done = stage(workspace, "stages.digits", MNIST_DIR=str(raw))
    assert done.returncode != 0
    told = "".join(done.stderr.split())  # lines are broken anywhere
    assert "train-images-idx3-ubyte" in told and "sha256" in told
    assert files(workspace) == before


def test_without_files_and_network_the_error_says_where_mnist_may_lie(workspace, monkeypatch):
    def unreachable(*args, **kwargs):
        raise RuntimeError("no mirror answers")

    monkeypatch.delenv("MNIST_DIR", raising=False)
    monkeypatch.setattr("torchvision.datasets.MNIST", unreachable)
    with pytest.raises(DataFileError, match=r"no mirror answers.*MNIST_DIR.*t10k-labels-idx1"):
        digits.main()
    assert files(workspace) == {"params.yaml"}


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


def test_a_pickle_in_the_place_of_arrays_is_refused_and_never_run(workspace):
    sprung = workspace / "sprung"

    class Trap:
        def __reduce__(self):
            return Path.touch, (sprung,)

    (workspace / "data").mkdir()
    (workspace / "data/digits.safetensors").write_bytes(pickle.dumps(Trap()))
    done = stage(workspace, "stages.multimnist")
    assert done.returncode != 0 and not sprung.exists()
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


def test_an_empty_sweep_is_refused(workspace):
    document = yaml.safe_load(text_of("params.yaml")) | {"sweep": {}}
    (workspace / "params.yaml").write_text(yaml.safe_dump(document))
    done = stage(workspace, "stages.fitting")
    assert done.returncode != 0 and "sweep" in done.stderr
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
    claims = {key: dict(claim) for key, claim in results.claims.items()}
    del claims["C1"]["verdict"]
    with pytest.raises(OtherVersionError, match=r"verdict.*dvc repro"):
        render_report(replace(results, claims=claims), PARAMS)
