"""What dvc.yaml declares is what the stages execute, read and write: a tiny study says so."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import fields
from pathlib import Path
from typing import NamedTuple, get_type_hints

import networkx
import pytest
import yaml
from dvc.repo import Repo

from capsnet_study.common.executed import CANNOT_AFFECT_RESULTS, is_within
from capsnet_study.common.storage import read_arrays, read_json, read_table
from capsnet_study.params import Params, load_params
from capsnet_study.training.arms import BLOCKS as ARMS
from stages import claims, code
from stages.tables import REPRESENTATIONS
from stages.verify import unmet
from tests.pipeline.conftest import run, tiny_params
from tests.project import ROOT, copy

GROUPS = (*ARMS, "settings")  # blocks of named members
BLOCKS = {
    name: {f"{name}.{field.name}" for field in fields(block)}
    for name, block in get_type_hints(Params).items()
    if hasattr(block, "__dataclass_fields__")
}
# Options that few arms have, and the rate of CNNs, which ablations of CNNs have of their own.
OPTIONAL = {"routing.eta_max", "routing.n_iter_outside", "train.lr_cnn"}
NOT_READ_SO = {"plots/figures"}  # pictures


class Ran(NamedTuple):
    """What a stage did, and what dvc.yaml declares of it."""

    modules: set[str]
    params: set[str]
    files: set[str]
    written: set[str]
    declared: set[str]  # parameters
    deps: set[str]
    outs: set[str]
    script: str


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which all stages of a tiny study have run."""
    folder = tmp_path_factory.mktemp("study")
    copy(folder, "dvc.yaml", "claims.yaml", "scripts", "src", "stages")
    (folder / "params.yaml").write_text(yaml.safe_dump(tiny_params(), sort_keys=False))
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(folder)
        code.main()
    return folder


@pytest.fixture(scope="module")
def ran(study: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ran]:
    """All stages but `code` by name, each after those that it depends on."""
    Repo.init(str(study), no_scm=True)
    ordered = networkx.dfs_postorder_nodes(Repo(str(study)).index.graph)
    stages = {stage.name: stage for stage in ordered if stage.name != "code"}
    records = tmp_path_factory.mktemp("records")
    (records / "stages").write_text(json.dumps({name: one.cmd for name, one in stages.items()}))
    recorder = [sys.executable, "-m", "tests.pipeline.recorder", str(records / "stages")]
    run(*recorder, str(records), cwd=study, CAPS_WORKERS="1", OMP_NUM_THREADS="1")
    return {
        name: Ran(
            **{key: set(found) for key, found in read_json(records / f"{name}.json").items()},
            declared={key for dep in stage.deps for key in getattr(dep, "params", ())},
            deps={os.path.relpath(dep.fs_path, study) for dep in stage.deps},
            outs={os.path.relpath(out.fs_path, study) for out in stage.outs},
            script=stage.cmd.split()[2],
        )
        for name, stage in stages.items()
    }


def within(name: str, key: str, separator: str) -> bool:
    """Say whether a name is the key itself or lies within it."""
    return name == key or name.startswith(f"{key}{separator}")


def mismatch(used: set[str], declared: set[str], separator: str = "/") -> tuple[set, set]:
    """Return what is used and not declared, and what is declared and not used."""
    undeclared = {one for one in used if not any(within(one, key, separator) for key in declared)}
    unused = {key for key in declared if not any(within(one, key, separator) for one in used)}
    return undeclared, unused


def test_a_stage_executes_the_modules_of_its_code_and_depends_on_no_other(
    ran: dict[str, Ran], study: Path
) -> None:
    """Late imports, and those by name, must not escape the identity of a stage."""
    for name, one in ran.items():
        (path,) = (dep for dep in one.deps if Path(dep).parent == Path("data/code"))
        counted = {module for module in one.modules if not is_within(module, CANNOT_AFFECT_RESULTS)}
        counted -= {module for module in counted if is_package(module)}
        assert Path(path).stem == one.script.removeprefix("stages."), name
        assert one.script in counted and counted <= set(read_json(study / path)), name


def is_package(module: str) -> bool:
    return (ROOT / "src" / module.replace(".", "/")).is_dir()


def test_params_read_are_params_declared(ran: dict[str, Ran]) -> None:
    """Of a group of stages, each member need not read all that the group declares."""
    groups: dict[str, tuple[set[str], set[str]]] = {}
    for name, one in ran.items():
        read, declared = groups.setdefault(name.split("@")[0], (set(), set()))
        read |= one.params
        declared |= one.declared
    for name, (read, declared) in groups.items():
        members = {key for key in declared if key.split(".")[0] in GROUPS}  # read as a whole
        assert mismatch(read | members, declared, ".") == (set(), set()), name
        if name != "report":  # it may declare more of a block than its text shows
            whole = declared & BLOCKS.keys() - read
            unread = {leaf for block in whole for leaf in BLOCKS[block]} - read
            assert unread <= OPTIONAL, name


def test_an_arm_reads_no_other_arm(ran: dict[str, Ran]) -> None:
    for name, one in ran.items():
        block, _, arm = name.partition("@")
        if block in ARMS:
            read = {key for key in one.params if key.split(".")[0] in ARMS}
            assert {".".join(key.split(".")[:2]) for key in read} == {f"{block}.{arm}"}


def test_files_read_are_deps_declared(ran: dict[str, Ran]) -> None:
    for name, one in ran.items():
        undeclared, unread = mismatch(one.files, one.deps)
        unread -= {dep for dep in unread if Path(dep).parent == Path("data/code")}
        unread -= {dep for dep in unread if dep.startswith("src/")}
        assert (undeclared - {"params.yaml"}, unread - NOT_READ_SO - {"params.yaml"}) == (
            set(),
            set(),
        ), name


def test_files_written_are_outs_declared(ran: dict[str, Ran], study: Path) -> None:
    for name, one in ran.items():
        undeclared, unwritten = mismatch(one.written, one.outs)
        unwritten -= {out for out in unwritten if (study / out).is_dir()}  # and empty
        assert (undeclared, unwritten) == (set(), set()), name


# What there is in the end


@pytest.fixture
def results(study: Path, ran: dict[str, Ran], monkeypatch: pytest.MonkeyPatch) -> Params:
    """The parameters of the tiny study; its folder is the working directory."""
    monkeypatch.chdir(study)
    return load_params()


def test_every_part_has_its_results(results: Params) -> None:
    assert set(read_json("metrics/fitting.json")) == set(results.sweep)
    assert set(read_json("metrics/ablations.json")) == {*results.ablations, *results.yoked}
    assert set(read_json("metrics/manifold.json")["models"]) == set(REPRESENTATIONS)
    judged = read_json("metrics/claims.json")
    assert set(judged) == {claim["id"] for claim in yaml.safe_load(Path("claims.yaml").read_text())}
    assert "C1" in Path("REPORT.md").read_text()
    assert unmet()  # paragraphs presume the verdicts of the study, not those of a tiny one
    drawn = [*Path("plots/figures").iterdir()]
    assert {path.suffix for path in drawn} == {".png", ".svg"}
    assert all(path.stat().st_size > 1000 for path in drawn)


def test_claims_are_judged_on_all_arms_with_their_block_and_facts(results: Params) -> None:
    found = claims.read_tables(results.new_splits.models)["mechanism"].set_index("arm")
    expected = {arm: block for block in ARMS for arm in getattr(results, block)}
    assert found["block"].to_dict() == expected
    assert found.loc["n3_sham", "couplings_of"] == "other"
    assert found.loc["n3", "n_iter"] == 3


def test_settings_have_their_arms_trials_and_kept_networks(results: Params) -> None:
    trials = read_table("plots/settings.csv").groupby(["setting", "arm"]).size().to_dict()
    for name, setting in results.settings.items():
        assert {trials[name, arm] for arm in setting.arms} == {setting.trials}
        networks = Path("data/setting_networks", name)
        kept = sorted(str(path.relative_to(networks)) for path in networks.rglob("*.safetensors"))
        numbers = range(setting.trials)
        assert kept == [f"{arm}/trial{k}.safetensors" for arm in setting.keep for k in numbers]
        assert all("layers.0.weight" in read_arrays(networks / path) for path in kept)
    assert set(read_json("metrics/settings.json")["settings"]) >= {"main", *results.settings}
