"""A tiny study, really run by DVC in a copy of the project."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from stages.verify import outdated
from tests.pipeline.conftest import commit, copy_project, run, tiny_params

pytestmark = pytest.mark.slow

DATA = ["digits", "multimnist", "manifold_images", "domains"]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny study that `dvc repro` has run through, its results committed."""
    folder = copy_project(tmp_path_factory.mktemp("study"), tiny_params())
    run("dvc", "repro", cwd=folder, CAPS_WORKERS="1")
    commit(folder)
    return folder


@pytest.fixture
def copied(study: Path, tmp_path: Path) -> Path:
    """The same in another folder."""
    return shutil.copytree(study, tmp_path / "study")


def stages_run(printed: str) -> list[str]:
    """Return the stages that DVC says it ran."""
    return re.findall(r"^Running stage '([^']+)'", printed, re.MULTILINE)


def test_a_second_run_does_nothing(study: Path) -> None:
    assert stages_run(run("dvc", "repro", cwd=study)) == []


def test_metrics_and_plots_commands_read_the_results(study: Path) -> None:
    shown = run("dvc", "metrics", "show", cwd=study).split()
    assert {"exact_match.capsnet", "routing_gain", "metrics/summary.json"} <= set(shown)
    assert "file://" in run("dvc", "plots", "show", cwd=study)


def test_an_experiment_in_a_copy_runs_only_what_its_change_touches(study: Path) -> None:
    printed = run("dvc", "exp", "run", "--temp", "-S", "figures.dpi=60", cwd=study)
    assert stages_run(printed) == ["code", "figures", "report"]


def test_in_another_folder_with_two_workers_the_bytes_are_the_same(
    study: Path, copied: Path
) -> None:
    """Stages of each kind that trains or embeds, on the study's own inputs."""
    kinds = ["multimnist", "sweep@n6_fitness", "embed@capsnet", "settings@gain", "transfer_cnn"]
    kinds += ["interventions@n3"]
    printed = run("dvc", "repro", "--force", "--single-item", *kinds, cwd=copied, CAPS_WORKERS="2")
    assert stages_run(printed) == kinds
    for stage in kinds:
        assert checksums(copied, stage) == checksums(study, stage)


def checksums(folder: Path, stage: str) -> dict[str, str]:
    """Return what dvc.lock says of the outs of a stage."""
    outs = yaml.safe_load((folder / "dvc.lock").read_text())["stages"][stage]["outs"]
    return {out["path"]: out["md5"] for out in outs}


def test_a_clone_without_cache_trains_what_routing_changes_and_nothing_else(
    study: Path, tmp_path: Path
) -> None:
    clone = tmp_path / "clone"
    run("git", "clone", "-q", str(study), str(clone), cwd=tmp_path)
    assert outdated(clone) == []
    assert set(stages_run(run("dvc", "repro", *DATA, cwd=clone))) == set(DATA)
    change = ("--allow-missing", "-S", "routing.eta=0.1")
    found = set(stages_run(run("dvc", "exp", "run", *change, cwd=clone, CAPS_WORKERS="1")))
    changed = {"train_capsnet", "pretrain_capsnet", "transfer_capsnet", "activations@capsnet"}
    changed |= {"activations_controls", "embed@capsnet", "summary", "report"}
    of_capsnets = {
        f"{stage}@{model}"
        for stage in ("embed", "faithfulness")
        for model in ("capsnet", "random_capsnet")
    }
    assert changed <= found
    assert {one for one in found if "@" in one} <= {"activations@capsnet"} | of_capsnets
    assert not {"pretrain_cnn", "transfer_uniform", *DATA} & found
    assert len(run("dvc", "metrics", "diff", cwd=clone).splitlines()) <= 25
    assert "routing.eta" in run("dvc", "params", "diff", cwd=clone)


@pytest.mark.parametrize("command", [("exp", "run", "-S", "train.epochs=2.5"), ("repro",)])
def test_a_wrong_parameter_stops_a_run_before_anything_is_touched(
    command: tuple[str, ...], copied: Path
) -> None:
    if command == ("repro",):
        params = (copied / "params.yaml").read_text()
        (copied / "params.yaml").write_text(params.replace("epochs: 1", "epochs: 2.5"))
    ended = subprocess.run(
        [sys.executable, "-m", "dvc", *command], cwd=copied, text=True, capture_output=True
    )
    assert ended.returncode != 0 and "train.epochs = 2.5" in ended.stdout + ended.stderr
    assert stages_run(ended.stdout) == ["code"]
    assert run("git", "status", "--porcelain", cwd=copied).split() in ([], ["M", "params.yaml"])
    assert (copied / "data/networks/n3/trial0.safetensors").exists()


def test_stages_whose_parameters_have_changed_are_named(copied: Path) -> None:
    params = copied / "params.yaml"
    params.write_text(params.read_text().replace("dpi: 50", "dpi: 60"))
    assert outdated(copied) == ["code", "figures"]
    params.write_text("figures: [")
    with pytest.raises(RuntimeError, match=r"params\.yaml"):
        outdated(copied)
