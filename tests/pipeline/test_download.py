"""Digits are downloaded whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from capsnet_study.common.errors import FileError
from capsnet_study.common.storage import write_bytes
from capsnet_study.data.digits import IDX_FILES
from stages import digits
from tests.pipeline.conftest import files

NAMES = list(IDX_FILES["mnist"].sha256)
FOLDER = Path("data/raw/mnist")


@pytest.fixture
def serve(workspace, monkeypatch):
    """Put a server in the place of the real one; return the folders that it downloads into."""
    monkeypatch.delenv("MNIST_DIR", raising=False)

    def put(names, then=lambda: None):
        folders = []

        def download(folder, download):
            folders.append(folder)
            for name in names:
                write_bytes(Path(folder, "MNIST/raw", name), b"whole")
            if len(folders) == 1:
                then()

        monkeypatch.setattr("torchvision.datasets.MNIST", download)
        return folders

    return put


@pytest.mark.parametrize("error", [EOFError("no mirror"), RuntimeError("no\nmirror")])
def test_a_download_that_fails_leaves_nothing_and_says_where_mnist_may_be(error, serve, workspace):
    def fail():
        raise error

    before = files(workspace)
    serve(NAMES[:1], then=fail)
    with pytest.raises(FileError, match=r"no mirror\): set MNIST_DIR .*t10k-labels-idx1"):
        digits.main()
    assert files(workspace) == before


def test_a_download_completes_what_is_there_once(serve):
    folders = serve(NAMES)
    write_bytes(FOLDER / NAMES[0], b"put there by hand")
    for _ in range(2):
        assert digits.folder_of("mnist") == FOLDER
    assert len(folders) == 1 and files(FOLDER) == set(NAMES)


def test_downloads_side_by_side_go_into_folders_of_their_own(serve):
    folders = serve(NAMES, then=lambda: digits.folder_of("mnist"))
    assert digits.folder_of("mnist") == FOLDER
    assert len(set(folders)) == 2 and files(FOLDER) == set(NAMES)
