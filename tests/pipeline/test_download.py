"""Digits are downloaded whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from capsnet_study.common.errors import FileError
from capsnet_study.common.storage import write_bytes
from capsnet_study.data.digits import IDX_FILES
from stages import digits
from tests.pipeline.conftest import files

NAMES = list(IDX_FILES["mnist"].sha256)
FOLDER = Path("data/raw/mnist")


class Server:
    """What stands in for torchvision's data set: it downloads these files, or fails after them."""

    def __init__(self, *names: str, error: Exception | None = None):
        self.names, self.error = names, error
        self.folders: list[str] = []  # that it should download into
        self.meanwhile: Callable[[], object] = lambda: None

    def __call__(self, folder: str, download: bool) -> None:
        self.folders.append(folder)
        for name in self.names:
            write_bytes(Path(folder, "MNIST/raw", name), b"whole")
        if len(self.folders) == 1:
            self.meanwhile()
        if self.error is not None:
            raise self.error


@pytest.fixture
def serve(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Server], Server]:
    """Put a server in the place of the real ones."""
    monkeypatch.delenv("MNIST_DIR", raising=False)

    def put(server: Server) -> Server:
        monkeypatch.setattr("torchvision.datasets.MNIST", server)
        return server

    return put


@pytest.mark.parametrize("error", [EOFError("no mirror"), RuntimeError("no\nmirror")])
def test_a_download_that_fails_leaves_nothing_and_says_where_mnist_may_lie(error, serve, workspace):
    before = files(workspace)
    serve(Server(NAMES[0], error=error))
    with pytest.raises(FileError, match=r"no mirror\): set MNIST_DIR .*t10k-labels-idx1"):
        digits.main()
    assert files(workspace) == before


def test_a_download_completes_what_is_there_once(serve):
    server = serve(Server(*NAMES))
    write_bytes(FOLDER / NAMES[0], b"put there by hand")
    for _ in range(2):
        assert digits.folder_of("mnist") == FOLDER
    assert len(server.folders) == 1 and files(FOLDER) == set(NAMES)


def test_downloads_side_by_side_go_into_folders_of_their_own(serve):
    server = serve(Server(*NAMES))
    server.meanwhile = lambda: digits.folder_of("mnist")
    assert digits.folder_of("mnist") == FOLDER
    assert len(set(server.folders)) == 2 and files(FOLDER) == set(NAMES)
