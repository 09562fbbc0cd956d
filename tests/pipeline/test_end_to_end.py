"""A tiny study, really run by DVC in a copy of the project."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from capsnet_study.common.executed import CANNOT_AFFECT_RESULTS, is_within
from capsnet_study.common.storage import read_json, read_table
from capsnet_study.params import load_params
from capsnet_study.representation.params import MODELS
from tests.pipeline.conftest import AUTHOR, copy_project, run, tiny_params

IMPORTED = re.compile(r"^import time:.*\| +((?:capsnet_study|stages)\S*)$", re.MULTILINE)


class Study(NamedTuple):
    """The folder of a tiny study that `dvc repro` has run through, and what that printed."""

    folder: Path
    printed: str


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    folder = copy_project(tmp_path_factory.mktemp("study"), tiny_params())
    (folder / "dvc.lock").unlink()  # DVC would parse its stages anew at every stage
    printed = run(
        "dvc", "repro", cwd=folder, CAPS_WORKERS="1", PYTHONPROFILEIMPORTTIME="1"
    )  # Python prints each import
    run("git", "add", "-A", cwd=folder)
    run("git", *AUTHOR, "commit", "-qm", "results", cwd=folder)
    return Study(folder, printed)


def stages_run(printed: str) -> list[str]:
    """Return the stages that DVC says it ran."""
    return re.findall(r"^Running stage '([^']+)'", printed, re.MULTILINE)


def test_a_second_run_does_nothing(study: Study) -> None:
    printed = run("dvc", "repro", cwd=study.folder)
    assert stages_run(printed) == []
    assert "up to date" in printed


def test_modules_that_a_stage_loads_are_those_of_its_code(study: Study) -> None:
    """Late imports, and those by name, must not escape the identity of a stage."""
    _, *parts = re.split(r"^Running stage '([^']+)'", study.printed, flags=re.MULTILINE)
    loaded_by = dict(zip(parts[::2], parts[1::2], strict=True))
    commands = yaml.safe_load((study.folder / "dvc.lock").read_text())["stages"]
    assert len(loaded_by) > 40
    for stage, printed in loaded_by.items():
        script = commands[stage]["cmd"].split()[2].removeprefix("stages.")
        if script == "code":
            continue
        packages = ("capsnet_study", "stages")
        named = {*read_json(study.folder / f"data/code/{script}.json"), *packages}
        loaded = {
            name
            for name in IMPORTED.findall(printed)
            if not is_within(name, CANNOT_AFFECT_RESULTS)
            and not (study.folder / "src" / name.replace(".", "/")).is_dir()
        }
        assert f"stages.{script}" in named
        assert loaded and loaded <= named, stage


def test_every_part_has_its_results(study: Study) -> None:
    arms = load_params(str(study.folder / "params.yaml")).sweep
    assert set(read_json(study.folder / "metrics/fitting.json")) == set(arms)
    assert set(read_table(study.folder / "plots/fitting.csv")["arm"]) == set(arms)
    assert set(read_json(study.folder / "metrics/manifold.json")["models"]) == set(MODELS)
    for model in ("capsnet", "uniform", "cnn"):
        table = read_table(study.folder / f"plots/transfer_{model}.csv")
        assert len(table) == 2 * 12  # directions x (base, base_long and ten schemes)
    claims = read_json(study.folder / "metrics/claims.json")
    assert Counter(claim["kind"] for claim in claims.values()) == {"paper": 14, "mechanism": 17}
    assert all(claim["parts"] for claim in claims.values())
    kept = [path.name for path in (study.folder / "data/setting_networks/gain").iterdir()]
    assert kept == ["n3"]


def test_figures_and_report_are_there(study: Study) -> None:
    drawn = list((study.folder / "plots/figures").iterdir())
    numbers = {path.name[:4] for path in drawn if path.name.startswith("fig")}
    assert numbers == {f"fig{number}" for number in range(1, 8)}
    assert {path.suffix for path in drawn} == {".png", ".svg"}
    assert all(path.stat().st_size > 1000 for path in drawn)
    assert "C1" in (study.folder / "REPORT.md").read_text()


def test_metrics_and_plots_commands_read_the_results(study: Study) -> None:
    shown = run("dvc", "metrics", "show", cwd=study.folder).split()
    assert {"exact_match.capsnet", "routing_gain", "metrics/summary.json"} <= set(shown)
    assert "file://" in run("dvc", "plots", "show", cwd=study.folder)


def test_an_experiment_in_a_copy_runs_only_what_its_change_touches(study: Study) -> None:
    printed = run("dvc", "exp", "run", "--temp", "-S", "figures.dpi=60", cwd=study.folder)
    assert stages_run(printed) == ["code", "figures", "report"]


def test_in_another_folder_with_two_workers_the_bytes_are_the_same(
    study: Study, tmp_path: Path
) -> None:
    """Stages of each kind that trains or embeds, on the study's own inputs."""
    other = tmp_path / "study"
    shutil.copytree(study.folder, other)
    kinds = ["multimnist", "sweep@n6_fitness", "embed@capsnet", "settings@gain", "transfer_cnn"]
    printed = run("dvc", "repro", "--force", "--single-item", *kinds, cwd=other, CAPS_WORKERS="2")
    assert stages_run(printed) == kinds
    for stage in kinds:
        assert checksums(other, stage) == checksums(study.folder, stage)


def checksums(folder: Path, stage: str) -> dict[str, str]:
    """Return what dvc.lock says of the outs of a stage."""
    outs = yaml.safe_load((folder / "dvc.lock").read_text())["stages"][stage]["outs"]
    return {out["path"]: out["md5"] for out in outs}


def test_a_clone_without_cache_trains_what_routing_changes_and_nothing_else(
    study: Study, tmp_path: Path
) -> None:
    clone = tmp_path / "clone"
    run("git", "clone", "-q", str(study.folder), str(clone), cwd=tmp_path)
    data = ["digits", "multimnist", "manifold_images", "domains"]
    printed = run("dvc", "repro", *data[1:], cwd=clone)
    assert set(stages_run(printed)) == set(data)
    change = ("--allow-missing", "-S", "routing.eta=0.1")
    printed = run("dvc", "exp", "run", *change, cwd=clone, CAPS_WORKERS="1")
    trained = ["train_capsnet", "pretrain_capsnet", "transfer_capsnet"]
    maps = [
        f"{stage}@{model}"
        for stage in ("embed", "faithfulness")
        for model in ("capsnet", "random_capsnet")
    ]
    activations = ["activations@capsnet", "activations_controls"]
    gathered = ["code", "manifold", "claims", "summary", "figures", "report"]
    assert set(stages_run(printed)) <= {*trained, *maps, *activations, *gathered}
    assert set(stages_run(printed)) >= {*trained, *maps[:1], *activations, "summary", "report"}
    assert len(run("dvc", "metrics", "diff", cwd=clone).splitlines()) <= 25
    assert "routing.eta" in run("dvc", "params", "diff", cwd=clone)


def test_a_wrong_parameter_stops_a_run_before_anything_is_touched(
    study: Study, tmp_path: Path
) -> None:
    other = tmp_path / "study"
    shutil.copytree(study.folder, other)
    for command in (("exp", "run", "-S", "train.epochs=2.5"), ("repro",)):
        if command == ("repro",):
            text = (other / "params.yaml").read_text()
            (other / "params.yaml").write_text(text.replace("epochs: 1", "epochs: 2.5"))
        ended = subprocess.run(
            [sys.executable, "-m", "dvc", *command], cwd=other, text=True, capture_output=True
        )
        assert ended.returncode != 0 and "train.epochs = 2.5" in ended.stdout + ended.stderr
        assert stages_run(ended.stdout) == ["code"]
        changed = run("git", "status", "--porcelain", cwd=other).split()
        assert changed in ([], ["M", "params.yaml"])
    assert (other / "data/networks/n3/trial0.safetensors").exists()
