"""Results that are pushed are not computed again: a clone pulls them."""

from __future__ import annotations

from pathlib import Path

import pytest
from dvc.repo import Repo

from stages.verify import outdated
from tests.pipeline.conftest import AUTHOR, run


@pytest.fixture(scope="module")
def pushed(settled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy with all results, pushed to a folder; what Git keeps of it is committed."""
    remote = tmp_path_factory.mktemp("remote")
    run("dvc", "remote", "add", "--force", "--default", "store", str(remote), cwd=settled)
    run("dvc", "push", "--quiet", cwd=settled)
    run("git", "add", "-A", cwd=settled)
    run("git", *AUTHOR, "commit", "-qm", "results", cwd=settled)
    return settled


def clone(origin: Path, folder: Path) -> Path:
    run("git", "clone", "-q", str(origin), str(folder), cwd=origin)
    return folder


def test_a_clone_that_pulls_has_every_out_and_nothing_to_run(pushed: Path, tmp_path: Path):
    folder = clone(pushed, tmp_path / "clone")
    run("dvc", "pull", "--quiet", cwd=folder)
    assert outdated(folder) == []
    outs = [Path(out.fs_path) for stage in Repo(str(folder)).index.stages for out in stage.outs]
    assert len(outs) > 40 and all(path.exists() for path in outs)
    assert "up to date" in run("dvc", "repro", cwd=folder)


def test_a_clone_without_the_remote_knows_what_it_has(pushed: Path, tmp_path: Path):
    folder = clone(pushed, tmp_path / "clone")
    assert not (folder / "data/multimnist.safetensors").exists()
    assert outdated(folder) == []
