"""A tiny study, really run by DVC in a copy of the project."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import yaml

from capsnet_study.claims.kinds import of_kind
from capsnet_study.common.storage import read_json, read_table
from capsnet_study.params import load_params
from capsnet_study.representation.params import MODELS
from tests.pipeline.conftest import AUTHOR, copy_project, run, tiny_params


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny study that `dvc repro` has run through."""
    folder = copy_project(tmp_path_factory.mktemp("study"), tiny_params())
    (folder / "dvc.lock").unlink()  # DVC would parse its stages anew at every stage
    run("dvc", "repro", cwd=folder, CAPS_WORKERS="1")
    run("git", "add", "-A", cwd=folder)
    run("git", *AUTHOR, "commit", "-qm", "results", cwd=folder)
    return folder


def test_a_second_run_does_nothing(study: Path) -> None:
    printed = run("dvc", "repro", cwd=study)
    assert "Running stage" not in printed
    assert "up to date" in printed


def test_every_part_has_its_results(study: Path) -> None:
    arms = load_params(str(study / "params.yaml")).sweep
    assert set(read_json(study / "metrics/fitting.json")) == set(arms)
    assert set(read_table(study / "plots/fitting.csv")["arm"]) == set(arms)
    assert set(read_json(study / "metrics/manifold.json")["models"]) == set(MODELS)
    for model in ("capsnet", "uniform", "cnn"):
        table = read_table(study / f"plots/transfer_{model}.csv")
        assert len(table) == 2 * 12  # directions x (base, base_long and ten schemes)
    claims = read_json(study / "metrics/claims.json")
    assert (len(of_kind(claims, "paper")), len(of_kind(claims, "mechanism"))) == (14, 17)
    assert all(claim["parts"] for claim in claims.values())
    assert set(read_json(study / "metrics/exploratory.json")["claims_on_r2"]) == {"C4", "C5", "C6"}


def test_figures_and_report_are_there(study: Path) -> None:
    drawn = list((study / "plots/figures").iterdir())
    numbers = {path.name[:4] for path in drawn if path.name.startswith("fig")}
    assert numbers == {f"fig{number}" for number in range(1, 8)}
    assert {path.suffix for path in drawn} == {".png", ".svg"}
    assert all(path.stat().st_size > 1000 for path in drawn)
    assert "C1" in (study / "REPORT.md").read_text()
    page = (study / "plots/report.html").read_text()
    for part in ("abstract", "all-claims", "compute-and-environment"):
        assert f' id="{part}"' in page


def test_metrics_and_plots_commands_read_the_results(study: Path) -> None:
    assert "exact_match" in run("dvc", "metrics", "show", cwd=study)
    assert "file://" in run("dvc", "plots", "show", cwd=study)


def test_an_experiment_in_a_copy_runs_only_what_its_change_touches(study: Path) -> None:
    printed = run("dvc", "exp", "run", "--temp", "-S", "figures.dpi=60", cwd=study)
    ran = [line.split("'")[1] for line in printed.splitlines() if "Running stage" in line]
    assert ran == ["figures", "report", "explorer"]


def test_in_another_folder_with_two_workers_the_bytes_are_the_same(
    study: Path, tmp_path: Path
) -> None:
    """Stages of each kind that trains or embeds, on the study's own inputs."""
    other = tmp_path / "study"
    shutil.copytree(study, other)
    kinds = ["multimnist", "sweep@n6_fitness", "embed@capsnet", "pretrain_cnn", "transfer_cnn"]
    printed = run("dvc", "repro", "--force", "--single-item", *kinds, cwd=other, CAPS_WORKERS="2")
    assert re.findall(r"Running stage '([^']+)'", printed) == kinds
    for stage in kinds:
        assert checksums(other, stage) == checksums(study, stage)


def checksums(folder: Path, stage: str) -> dict[str, str]:
    """Return what dvc.lock says of the outs of a stage that do not tell time and place."""
    outs = yaml.safe_load((folder / "dvc.lock").read_text())["stages"][stage]["outs"]
    return {out["path"]: out["md5"] for out in outs if "metrics/runtime" not in out["path"]}


def test_a_change_shows_in_the_diffs(study: Path) -> None:
    run("dvc", "exp", "run", "-S", "routing.n_iter=2", "train_capsnet", cwd=study, CAPS_WORKERS="1")
    assert "metrics/train_capsnet.json" in run("dvc", "metrics", "diff", cwd=study)
    assert "n_iter" in run("dvc", "params", "diff", cwd=study)
    assert "file://" in run("dvc", "plots", "diff", cwd=study)
