"""What a change of a parameter or of code runs again, and what it leaves alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import networkx
import pytest
import yaml
from dvc.repo import Repo
from dvc.utils.hydra import apply_overrides

from stages import code
from tests.pipeline.conftest import run
from tests.project import ROOT, text_of

DATA = {"multimnist", "manifold_images", "domains"}
PRETRAIN = {"pretrain_capsnet", "pretrain_uniform", "pretrain_cnn"}
TRANSFER = {"transfer_capsnet", "transfer_uniform", "transfer_cnn"}
TRAININGS = {"train_capsnet", "sweep", "ablations", "yoked", "settings"} | PRETRAIN
CNNS = {"sweep@cnn", "pretrain_cnn", "transfer_cnn"}
CHANGES = {
    # key: new value, stages it must run itself, stages that must not run at all
    "routing.eta": (
        0.3,
        {"train_capsnet", "pretrain_capsnet", "activations_controls"},
        {"sweep", "ablations", "settings", "pretrain_uniform", "digits"} | CNNS | DATA,
    ),
    "routing.n_iter": (4, {"train_capsnet", "pretrain_capsnet"}, {"sweep", "settings"} | CNNS),
    "sweep.n3.eta": (0.7, {"sweep@n3", "fitting"}, {"sweep@n9", "settings@short", "train_capsnet"}),
    "sweep.n9.eta": (
        0.7,
        {"sweep@n9", "settings@short", "yoked@n3_as_n9", "interventions@n9"},
        {"sweep@n3", "ablations", "train_capsnet"} | PRETRAIN,
    ),
    "sweep.n1.lr": (0.7, {"sweep@n1", "pretrain_uniform"}, {"sweep@n3", "train_capsnet"}),
    "ablations.n9_late.routed_from": (
        0.5,
        {"ablations@n9_late", "settings@short", "causes", "effects"},
        {"sweep", "fitting", "yoked", "interventions", "settings@gain"} | PRETRAIN,
    ),
    "yoked.n3_as_n9.certainty_of": (
        "n3",
        {"yoked@n3_as_n9", "causes"},
        {"sweep", "ablations", "interventions", "settings"},
    ),
    "interventions.temperatures": ([8.0], {"interventions"}, TRAININGS),
    "settings.short.train": (
        {"epochs": 9},
        {"settings@short", "effects"},
        {"sweep", "ablations", "settings@gain"} | DATA,
    ),
    "settings.short.trials": (9, {"settings@short"}, {"sweep", "ablations", "settings@gain"}),
    "manifold.perplexity": (25.0, {"embed"}, {"activations", "activations_controls"} | TRAININGS),
    "manifold.pairs": (["7-8", "3-5"], {"manifold_images"}, {"domains"} | TRAININGS),
    "transfer.epochs": (9, TRANSFER, TRAININGS),
    "transfer.splits": (3, {"domains"}, TRAININGS - PRETRAIN),
    "figures.dpi": (90, {"figures"}, {"claims", "manifold", "fitting"} | TRAININGS | TRANSFER),
    "train.epochs": (
        9,
        {"sweep", "train_capsnet", "settings@gain"} | PRETRAIN | TRANSFER,
        {"digits", "settings@short"} | DATA,
    ),
    "train.trials": (9, {"sweep", "train_capsnet"}, {"digits", "settings"} | DATA | PRETRAIN),
    "train.lr_cnn": (
        0.1,
        {"sweep", "pretrain_cnn", "transfer_cnn"},
        {"train_capsnet", "pretrain_uniform", "transfer_capsnet"},
    ),
    "data.seed": (5, DATA, {"digits"}),
    "data.source": ("mnist", {"digits"}, set()),
    "capsules.init_gain": (0.7, {"train_capsnet", "pretrain_uniform"}, {"pretrain_cnn"}),
}


class Rerun(NamedTuple):
    """The stages that a change touches itself, and those with all that depend on them."""

    touched: set[str]
    all: set[str]


def rerun(folder: Path) -> Rerun:
    """Return what `dvc repro` would run; the stage `code` runs first, as it does there."""
    here = Path.cwd()
    os.chdir(folder)
    try:
        code.main()
        repo = Repo(str(folder))
        touched = {name.split(":")[-1] for name in repo.status()} - {"code"}
        graph = repo.index.graph
        names = {stage.addressing: stage for stage in graph}
        below = {
            one.addressing for name in touched for one in networkx.ancestors(graph, names[name])
        }
    finally:
        os.chdir(here)
    every = touched | below
    return Rerun(*(part | {name.split("@")[0] for name in part} for part in (touched, every)))


@contextmanager
def changed(path: Path, text: str) -> Iterator[None]:
    """Have a file hold another text."""
    kept = path.read_text()
    path.write_text(text)
    try:
        yield
    finally:
        path.write_text(kept)


def with_value(folder: Path, key: str, value: object) -> str:
    """Return the parameters of a folder with one value changed."""
    document = yaml.safe_load((folder / "params.yaml").read_text())
    *blocks, leaf = key.split(".")
    block = document
    for name in blocks:
        block = block[name]
    assert block.get(leaf) != value
    block[leaf] = value
    return yaml.safe_dump(document, sort_keys=False)


def test_nothing_runs_where_nothing_changed(settled: Path) -> None:
    assert rerun(settled) == Rerun(set(), set())


@pytest.mark.parametrize("key", CHANGES)
def test_a_change_runs_what_depends_on_it(key: str, settled: Path) -> None:
    value, must, must_not = CHANGES[key]
    with changed(settled / "params.yaml", with_value(settled, key, value)):
        found = rerun(settled)
    assert must <= found.all
    assert not must_not & found.all


def test_a_new_arm_runs_itself_and_what_gathers_the_arms(settled: Path) -> None:
    arm = {"model": "capsnet", "n_iter": 4, "eta": 1.0}
    for block, gathers in (("sweep", {"fitting", "causes"}), ("ablations", {"causes"})):
        with changed(settled / "params.yaml", with_value(settled, f"{block}.n4", arm)):
            touched = rerun(settled).touched
        assert touched == {block, f"{block}@n4", "effects", "report"} | gathers


def test_figures_touch_only_figures(settled: Path) -> None:
    with changed(settled / "params.yaml", with_value(settled, "figures.dpi", 77)):
        found = rerun(settled)
    assert found == Rerun({"figures"}, {"figures", "report"})


CODE = {
    # file: stages that execute it, stages that must not run at all
    "routing/route.py": (TRAININGS | {"activations", "interventions"}, {"digits"} | DATA),
    "transfer/schemes.py": (TRANSFER, TRAININGS),
    "data/manifold.py": ({"manifold_images", "manifold"}, TRAININGS),
    "faithfulness/chamfer.py": ({"faithfulness"}, {"embed"} | TRAININGS),
    "settings/effects.py": ({"effects"}, {"claims"} | TRAININGS),
    "figures/style.py": ({"figures"}, {"claims"} | TRAININGS),
    "running/progress.py": (set(), {"report"} | TRAININGS),
}


@pytest.mark.parametrize("name", CODE)
def test_a_change_of_code_runs_the_stages_that_execute_it(name: str, settled: Path) -> None:
    must, must_not = CODE[name]
    path = settled / "src/capsnet_study" / name
    with changed(path, path.read_text() + "\nNEW = 1\n"):
        found = rerun(settled)
    assert must <= found.touched
    assert not must_not & found.all


def test_words_about_code_run_nothing(settled: Path) -> None:
    path = settled / "src/capsnet_study/routing/route.py"
    text = path.read_text()
    worded = text.replace('"""Routing', '"""Words. Routing').replace("\n\n\n", "\n\n\n\n# words\n")
    assert worded != text
    with changed(path, worded):
        assert rerun(settled) == Rerun(set(), set())


def test_what_a_killed_write_leaves_is_no_part_of_an_out(settled: Path) -> None:
    left = settled / "plots/figures/.fig2_accuracy.png.k3x9.tmp"
    left.parent.mkdir(exist_ok=True)
    left.write_text("half")
    for command in ("git", "dvc"):
        assert left.name in run(command, "check-ignore", str(left), cwd=settled)


@pytest.mark.parametrize("name", ["params.yaml", "quick.yaml"])
def test_a_parameter_that_dvc_sets_changes_one_line(name: str, tmp_path: Path) -> None:
    before = text_of(name)
    copy = tmp_path / name
    copy.write_text(before)
    apply_overrides(copy, ["routing.eta=0.5"])
    assert copy.read_text() == before.replace("  eta: 1.0\n  gradient", "  eta: 0.5\n  gradient")


def test_the_quick_run_has_the_blocks_of_the_study() -> None:
    """What it leaves out are arms, settings and pairs, never a parameter."""
    study, quick = (
        yaml.safe_load((ROOT / name).read_text()) for name in ("params.yaml", "quick.yaml")
    )
    assert list(quick) == list(study)
    for block in ("data", "model", "capsules", "routing", "train", "interventions", "manifold"):
        assert list(quick[block]) == list(study[block])
