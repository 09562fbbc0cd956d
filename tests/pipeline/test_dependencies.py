"""What dvc.yaml declares is what the stages use: code, parameters and outs."""

from __future__ import annotations

import importlib
import os
import pickle
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, get_type_hints

import pytest
import torch
import yaml
from dvc.repo import Repo
from threadpoolctl import threadpool_info, threadpool_limits

from capsnet_study.common import storage, workers
from capsnet_study.common.executed import closure, is_within
from capsnet_study.common.params import load_blocks
from capsnet_study.params import Params, load_params
from capsnet_study.settings.params import Setting
from capsnet_study.training import trials
from capsnet_study.training.arms import BLOCKS as ARMS
from capsnet_study.training.arms import CapsNetArm, CNNArm, YokedArm
from stages import arms as stage_arms
from tests.pipeline.conftest import tiny_params
from tests.project import ROOT

GROUPS = (*ARMS, "settings")  # blocks of named members
READERS = ("read_arrays", "read_facts", "read_json", "read_table")
NOT_READ_SO = {"plots/figures"}  # pictures, read as bytes
STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
BLOCKS = {
    name: block
    for name, block in get_type_hints(Params).items()
    if hasattr(block, "__dataclass_fields__")
}


class Ran(NamedTuple):
    """What a stage did, and what it declares."""

    params: set[str]  # read
    files: set[str]  # read
    deps: set[str]
    changed: set[str]  # files
    outs: set[str]


def definition(stage: str) -> dict:
    """Return the definition of a stage, or the template of its group."""
    return STAGES[stage].get("do", STAGES[stage])


def module_of(stage: str) -> str:
    """Return the module that the command of a stage runs."""
    return definition(stage)["cmd"].split()[2]


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage != "code"])
def test_a_stage_depends_on_the_code_of_its_own_script(stage: str) -> None:
    named = [dep for dep in definition(stage)["deps"] if dep.startswith("data/code/")]
    script = module_of(stage).removeprefix("stages.")
    settings = ["data/code/settings/${key}.json"] if stage == "settings" else []
    assert named == [f"data/code/{script}.json", *settings]


def test_no_training_executes_what_only_the_report_needs() -> None:
    packages = {"stages": ROOT / "stages", "capsnet_study": ROOT / "src" / "capsnet_study"}
    parts = ("claims", "report", "figures", "page", "fitting", "faithfulness", "names", "stats")
    for script in ("arm", "train", "pretrain", "transfer", "settings"):
        for name in closure(f"stages.{script}", packages):
            assert not is_within(name, [f"capsnet_study.{part}" for part in parts]), script


def test_every_stage_says_what_it_is() -> None:
    assert all(definition(stage).get("desc") for stage in STAGES)


class Reads:
    """Records which leaves of the parameters are read after loading."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, sent: list[bool]):
        self.names: dict[int, str] = {}
        self.given: dict[int, set[str]] = {}  # fields of copies that are not those of the file
        self.kept: list[object] = []  # so that no other object gets their id
        self.seen: set[str] = set()
        self.sent = sent
        for block in (*BLOCKS.values(), CapsNetArm, YokedArm, CNNArm, Setting):
            self._watch(monkeypatch, block)

    def _watch(self, monkeypatch: pytest.MonkeyPatch, block: type) -> None:
        plain, leaves = block.__getattribute__, {*block.__dataclass_fields__, "__dict__"}

        def recording(instance: object, name: str) -> object:
            where = self.names.get(id(instance))
            if where and name in leaves and name not in self.given.get(id(instance), ()):
                leaf = "" if name == "__dict__" else f".{name}"
                self.seen.add(f"{where}{leaf}")
            return plain(instance, name)

        monkeypatch.setattr(block, "__getattribute__", recording)

    def start(self, blocks: dict[str, object]) -> None:
        """Follow these blocks from now on."""
        self.kept.append(blocks)
        self.names |= {id(block): name for name, block in blocks.items() if name not in GROUPS}
        for name in GROUPS:
            members = blocks.get(name, {})
            self.names |= {id(member): f"{name}.{key}" for key, member in members.items()}

    def some(self, path: str = "params.yaml", **kinds: object) -> tuple[object, ...]:
        """Load blocks, and follow them."""
        blocks = load_blocks(path, **kinds)
        self.start(dict(zip(kinds, blocks, strict=True)))
        return blocks

    def whole(self) -> Params:
        """Load all parameters, and follow their blocks."""
        params = load_params()
        self.start({name: getattr(params, name) for name in params.__dataclass_fields__})
        return params

    def copy(self, block: object, **changes: object) -> object:
        """Copy as `dataclasses.replace` does: reads of the copy count, but for `changes`."""
        seen = set(self.seen)
        made = replace(block, **changes)
        self.seen = seen
        if id(block) in self.names:
            self.kept.append(made)
            self.names[id(made)], self.given[id(made)] = self.names[id(block)], set(changes)
        return made

    def run_here(
        self, address: str, function: Callable, tasks: Sequence[Sequence], checksum: Callable
    ) -> list:
        """Run what would go to a cluster, and see that it could."""
        seen = set(self.seen)
        self.sent += [b"stages" in pickle.dumps((function, task)) for task in tasks]
        self.seen = seen
        return [function(*task) for task in tasks]


READ_SCRIPTS = ("search", "switch", "earlier_runs")  # tables that the report reads


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the tiny study runs."""
    folder = tmp_path_factory.mktemp("study")
    (folder / "params.yaml").write_text(yaml.safe_dump(tiny_params(), sort_keys=False))
    (folder / "scripts").mkdir()
    for name in ("dvc.yaml", "claims.yaml", *(f"scripts/{table}.csv" for table in READ_SCRIPTS)):
        (folder / name).write_bytes((ROOT / name).read_bytes())
    return folder


@pytest.fixture(scope="module")
def sent() -> list[bool]:
    """Of every task that ran on its own: whether it needs code of the stages."""
    return []


@pytest.fixture(scope="module")
def ran(folder: Path, sent: list[bool]) -> Iterator[dict[str, Ran]]:
    """Run every stage of a tiny study in this process."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(folder)
        monkeypatch.setenv("CAPS_ENGINE", "dask://nowhere:1")
        reads = Reads(monkeypatch, sent)
        monkeypatch.setattr(workers, "run_on_cluster", reads.run_here)
        yield {stage.addressing: run_stage(stage, reads, folder) for stage in in_order(folder)}


def in_order(folder: Path) -> list:
    """Return all stages, each after those it depends on."""
    import networkx

    Repo.init(str(folder), no_scm=True)
    graph = Repo(str(folder)).index.graph
    return list(networkx.dfs_postorder_nodes(graph))


def run_stage(stage: object, reads: Reads, folder: Path) -> Ran:
    """Call the function behind a stage's command."""
    files: set[str] = set()
    module = importlib.import_module(stage.cmd.split()[2])
    before = {path: path.stat().st_mtime_ns for path in written(folder)}
    with pytest.MonkeyPatch.context() as monkeypatch:
        for name, loading in (("load_blocks", reads.some), ("load_params", reads.whole)):
            for one in (module, stage_arms):
                if hasattr(one, name):
                    monkeypatch.setattr(one, name, loading)
        monkeypatch.setattr(trials, "replace", reads.copy)
        record_files(monkeypatch, files)
        reads.seen = set()
        arguments = stage.cmd.split()[3:]
        module.main(*arguments)
    changed = {
        str(path.relative_to(folder))
        for path in written(folder)
        if before.get(path) != path.stat().st_mtime_ns
    }
    outs, deps = (
        {os.path.relpath(one.fs_path, folder) for one in part} for part in (stage.outs, stage.deps)
    )
    return Ran(set(reads.seen), files, deps, changed, outs)


def record_files(monkeypatch: pytest.MonkeyPatch, files: set[str]) -> None:
    """Keep which files are read, by whatever module."""
    for name in READERS:
        plain = getattr(storage, name)

        def reading(path: str | Path, *rest: object, plain: Callable = plain) -> object:
            files.add(os.path.relpath(path))
            return plain(path, *rest)

        for module in [*sys.modules.values()]:
            if getattr(module, name, None) is plain:
                monkeypatch.setattr(module, name, reading)


def written(folder: Path) -> list[Path]:
    """Return all files that stages may write."""
    parts = [folder / "data", folder / "metrics", folder / "plots"]
    files = [path for part in parts for path in part.rglob("*") if path.is_file()]
    files = [path for path in files if path.name != "runtime.csv"]
    return [*files, *folder.glob("*.md")]


def declared_params(stage: str) -> set[str]:
    """Return the parameters a stage declares; those of its group's template unresolved."""
    return {re.sub(r"\.\$\{.*\}", "", name) for name in definition(stage).get("params", [])}


def within(name: str, key: str) -> bool:
    """Tell whether a name is the key itself or lies within its block."""
    return name == key or name.startswith(f"{key}.")


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage != "code"])  # reads all
def test_params_read_are_params_declared(stage: str, ran: dict) -> None:
    reads = {name for key, one in ran.items() if key.split("@")[0] == stage for name in one.params}
    declared = declared_params(stage)
    reads |= declared & {*GROUPS}  # the mapping itself is read, by name or whole
    undeclared = {name for name in reads if not any(within(name, key) for key in declared)}
    unread = {key for key in declared if not any(within(name, key) for name in reads)}
    assert (undeclared, unread) == (set(), set())


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage not in ("code", "report")])
def test_a_block_is_declared_whole_only_where_all_of_it_is_read(stage: str, ran: dict) -> None:
    reads = {name for key, one in ran.items() if key.split("@")[0] == stage for name in one.params}
    for block in declared_params(stage) & (set(BLOCKS) - reads):
        leaves = {f"{block}.{field}" for field in BLOCKS[block].__dataclass_fields__}
        assert leaves - reads <= {"routing.eta_max", "routing.n_iter_outside"}, stage  # optional


def test_an_arm_reads_no_other_arm(ran: dict) -> None:
    for key, one in ran.items():
        block, _, arm = key.partition("@")
        if block in ARMS:
            read = {name for name in one.params if name.split(".")[0] in ARMS}
            assert {".".join(name.split(".")[:2]) for name in read} == {f"{block}.{arm}"}


def test_files_read_are_deps_declared(ran: dict) -> None:
    assert sum(bool(one.files) for one in ran.values()) > 20
    for stage, one in ran.items():
        undeclared = {path for path in one.files if not one.deps & {path, *_parents(path)}}
        data = {dep for dep in one.deps if dep.startswith(("data/", "metrics/", "plots/"))}
        data = {dep for dep in data if Path(dep).parent != Path("data/code")}
        unread = {dep for dep in data if not any(dep in (p, *_parents(p)) for p in one.files)}
        assert (undeclared, unread - NOT_READ_SO) == (set(), set()), stage


def is_empty(folder: Path) -> bool:
    return folder.is_dir() and not any(folder.iterdir())


def test_outs_written_are_outs_declared(ran: dict, folder: Path) -> None:
    for stage, one in ran.items():
        changed, outs = one.changed, one.outs
        undeclared = {path for path in changed if not outs & {path, *_parents(path)}}
        unwritten = {out for out in outs if not any(out in (p, *_parents(p)) for p in changed)}
        unwritten = {out for out in unwritten if not is_empty(folder / out)}
        assert (undeclared, unwritten) == (set(), set()), stage


def test_tasks_need_nothing_that_a_worker_of_a_cluster_lacks(ran: dict, sent: list[bool]) -> None:
    assert len(sent) > 30 and not any(sent)


@pytest.mark.parametrize(
    "stage, computes, arguments",
    [
        ("activations", "layer_activations", ("capsnet", "data/models/capsnet")),
        ("activations_controls", "pca_activations", ()),
        ("manifold", "null_bands", ()),
    ],
)
def test_what_is_computed_outside_of_tasks_runs_on_one_thread_too(
    stage: str, computes: str, arguments: tuple, ran: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, threads = importlib.import_module(f"stages.{stage}"), []
    function = getattr(module, computes)

    def watched(*args: object) -> object:
        pools = {pool["num_threads"] for pool in threadpool_info()}
        threads.append({torch.get_num_threads(), *pools})
        return function(*args)

    monkeypatch.setattr(module, computes, watched)
    torch.set_num_threads(2)
    with threadpool_limits(limits=2):
        module.main(*arguments)
    torch.set_num_threads(1)
    assert threads and all(used == {1} for used in threads)


def _parents(path: str) -> list[str]:
    return [str(parent) for parent in Path(path).parents]


def test_the_library_beside_the_stages_is_the_one_that_runs(project: Path) -> None:
    from tests.pipeline.conftest import run

    code = "import stages, capsnet_study; print(capsnet_study.__file__)"
    printed = run(sys.executable, "-c", code, cwd=project)
    assert Path(printed.strip()).is_relative_to(project)
