"""What a change of a parameter or of code runs again, and what it leaves alone.

A stage runs if a parameter that it declares has another value, or its file of data/code another
content; what depends on it follows. The end-to-end test asks DVC itself.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple

import networkx
import pytest
import yaml
from dvc.repo import Repo
from dvc.utils.hydra import apply_overrides

from stages import code
from tests.project import copy, text_of

DATA = {"multimnist", "manifold_images", "domains"}
PRETRAIN = {"pretrain_capsnet", "pretrain_uniform", "pretrain_cnn"}
TRANSFER = {"transfer_capsnet", "transfer_uniform", "transfer_cnn"}
TRAININGS = {"train_capsnet", "sweep", "ablations", "yoked", "settings"} | PRETRAIN
CNNS = {"sweep@cnn", "pretrain_cnn", "transfer_cnn"}
CHANGES = {
    # key: new value, stages that must run, stages that must not
    "routing.eta": (
        0.3,
        {"train_capsnet", "pretrain_capsnet", "activations_controls"},
        {"sweep", "ablations", "settings", "pretrain_uniform", "digits"} | CNNS | DATA,
    ),
    "sweep.n9.eta": (
        0.7,
        {"sweep@n9", "settings@short", "yoked@n3_as_n9", "interventions@n9"},
        {"sweep@n3", "ablations", "settings@gain", "train_capsnet"} | PRETRAIN,
    ),
    "sweep.n1.lr": (0.7, {"sweep@n1", "pretrain_uniform"}, {"sweep@n3", "train_capsnet"}),
    "ablations.n9_late.routed_from": (
        0.5,
        {"ablations@n9_late", "settings@short", "causes", "effects"},
        {"sweep", "fitting", "yoked", "interventions", "settings@gain"} | PRETRAIN,
    ),
    "settings.short.trials": (9, {"settings@short"}, {"sweep", "settings@gain"} | DATA),
    "manifold.perplexity": (25.0, {"embed"}, {"activations", "activations_controls"} | TRAININGS),
    "manifold.pairs": (["7-8", "3-5"], {"manifold_images"}, {"domains"} | TRAININGS),
    "transfer.epochs": (9, TRANSFER, TRAININGS),
    "figures.dpi": (90, {"figures"}, {"claims", "manifold", "report"} | TRAININGS | TRANSFER),
    "train.epochs": (
        9,
        {"sweep", "train_capsnet", "settings@gain"} | PRETRAIN | TRANSFER,
        {"digits", "settings@short"} | DATA,
    ),
    "train.lr_cnn": (0.1, CNNS, {"train_capsnet", "pretrain_uniform", "transfer_capsnet"}),
    "data.seed": (5, DATA, {"digits"}),
}
CODE = {
    # file: stages that execute it, stages that must not run at all
    "routing/route.py": (TRAININGS | {"activations", "interventions"}, {"digits"} | DATA),
    "transfer/schemes.py": (TRANSFER, TRAININGS),
    "faithfulness/chamfer.py": ({"faithfulness"}, {"embed"} | TRAININGS),
    "settings/effects.py": ({"effects"}, TRAININGS),
    "claims/verdicts.py": ({"claims", "effects"}, {"fitting"} | TRAININGS),
    "figures/style.py": ({"figures"}, {"claims"} | TRAININGS),
    "running/progress.py": (set(), {"report"} | TRAININGS),
}


class State(NamedTuple):
    """What decides whether stages are up to date: parameters, and the files of data/code."""

    params: dict[str, Any]
    code: dict[str, str]


class Project:
    """The stages of a small study, and what they depend on."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.graph = Repo(str(folder)).index.graph
        self.before = self.state()

    def state(self) -> State:
        """Return the state of the folder, after the stage `code`, which is always the first."""
        with pytest.MonkeyPatch.context() as monkeypatch:
            monkeypatch.chdir(self.folder)
            code.main()
        params = yaml.safe_load((self.folder / "params.yaml").read_text())
        files = (self.folder / "data/code").rglob("*.json")
        return State(params, {str(path): path.read_text() for path in files})

    def touched(self) -> set[str]:
        """Return the stages that have to run, but for those that only depend on them."""
        now = self.state()
        return {stage.name for stage in self.graph if self._differs(stage, now)} - {"code"}

    def rerun(self) -> set[str]:
        """Return the stages that may run; of a group, its name, too."""
        names = {stage.name: stage for stage in self.graph}
        below = {
            one.name
            for name in self.touched()
            for one in (names[name], *networkx.ancestors(self.graph, names[name]))
        }
        return below | {name.split("@")[0] for name in below}

    def _differs(self, stage: Any, now: State) -> bool:
        keys = [key for dep in stage.deps for key in getattr(dep, "params", ())]
        return any(value(now.params, key) != value(self.before.params, key) for key in keys) or any(
            now.code.get(dep.fs_path) != self.before.code.get(dep.fs_path) for dep in stage.deps
        )


def value(params: dict[str, Any], key: str) -> Any:
    """Return a parameter by its dotted key; the stage `code` names the whole file."""
    for part in key.split("."):
        params = params.get(part, {})
    return params


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The stages of the quick run, and one more setting."""
    folder = tmp_path_factory.mktemp("project")
    copy(folder, "dvc.yaml", "src", "stages")
    params = yaml.safe_load(text_of("quick.yaml"))
    params["settings"]["short"] = {"train": {"epochs": 1}, "arms": ["n9", "n9_late"], "trials": 1}
    (folder / "params.yaml").write_text(yaml.safe_dump(params))
    Repo.init(str(folder), no_scm=True)
    return Project(folder)


@pytest.fixture
def changed(project: Project, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Have a file of the project hold another text, until the test ends."""
    texts: dict[Path, str] = {}

    def change(name: str, to: Callable[[str], str]) -> None:
        path = project.folder / name
        text = texts.setdefault(path, path.read_text())
        path.write_text(to(text))
        assert path.read_text() != text

    yield change
    for path, text in texts.items():
        path.write_text(text)


def with_value(key: str, new: Any) -> Callable[[str], str]:
    """Return how one parameter is changed."""

    def change(text: str) -> str:
        params = yaml.safe_load(text)
        *blocks, leaf = key.split(".")
        value(params, ".".join(blocks))[leaf] = deepcopy(new)
        return yaml.safe_dump(params)

    return change


@pytest.mark.parametrize("key", CHANGES)
def test_a_change_runs_what_depends_on_it(key: str, project: Project, changed: Callable) -> None:
    new, must, must_not = CHANGES[key]
    changed("params.yaml", with_value(key, new))
    found = project.rerun()
    assert must <= found and not must_not & found


def test_a_new_arm_touches_what_gathers_the_arms_and_no_training(
    project: Project, changed: Callable
) -> None:
    arm = {"model": "capsnet", "n_iter": 4, "eta": 1.0}
    for block, gathers in (("sweep", {"fitting", "causes"}), ("ablations", {"causes"})):
        changed("params.yaml", with_value(f"{block}.n4", arm))
        assert project.touched() == {"effects", "report"} | gathers


@pytest.mark.parametrize("name", CODE)
def test_a_change_of_code_runs_the_stages_that_execute_it(
    name: str, project: Project, changed: Callable
) -> None:
    must, must_not = CODE[name]
    changed(f"src/capsnet_study/{name}", lambda text: text + "\nNEW = 1\n")
    assert must <= {name.split("@")[0] for name in project.touched()}
    assert not must_not & project.rerun()


def test_a_comment_and_a_docstring_run_nothing(project: Project, changed: Callable) -> None:
    changed(
        "src/capsnet_study/routing/route.py",
        lambda text: text.replace('"""', '"""More. ', 1).replace("\n\n\n", "\n\n\n# more\n"),
    )
    assert project.touched() == set()


@pytest.mark.parametrize("name", ["params.yaml", "quick.yaml"])
def test_a_parameter_that_dvc_sets_changes_one_line(name: str, tmp_path: Path) -> None:
    """The files are in the form that DVC writes."""
    before = text_of(name)
    path = tmp_path / name
    path.write_text(before)
    apply_overrides(path, ["routing.eta=0.5"])
    lines = zip(before.splitlines(), path.read_text().splitlines(), strict=True)
    assert [(old, new) for old, new in lines if old != new] == [("  eta: 1.0", "  eta: 0.5")]


def test_the_quick_run_has_every_parameter_of_the_study() -> None:
    """What it leaves out are arms, settings and pairs."""
    study, quick = (yaml.safe_load(text_of(name)) for name in ("params.yaml", "quick.yaml"))
    assert list(quick) == list(study)
    for block in study.keys() - {"sweep", "ablations", "yoked", "settings"}:
        assert quick[block].keys() == study[block].keys()
