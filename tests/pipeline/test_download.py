"""Digits are downloaded whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from capsnet_study.common.errors import FileError
from capsnet_study.common.storage import write_bytes
from capsnet_study.data.digits import IDX_FILES
from stages import digits
from tests.pipeline.conftest import files


def test_without_files_and_network_the_error_says_where_mnist_may_lie(workspace, monkeypatch):
    def unreachable(*args, **kwargs):
        raise RuntimeError("no mirror answers")

    monkeypatch.delenv("MNIST_DIR", raising=False)
    monkeypatch.setattr("torchvision.datasets.MNIST", unreachable)
    with pytest.raises(FileError, match=r"no mirror answers.*MNIST_DIR.*t10k-labels-idx1"):
        digits.main()
    assert files(workspace) == {"params.yaml"}


class Server:
    """What stands in for torchvision's data set: it downloads what it is told to."""

    def __init__(self, files: dict[str, bytes], error: Exception | None = None):
        self.files, self.error = files, error
        self.asked: list[str] = []  # the folders that it should download into

    def __call__(self, folder: str, download: bool) -> None:
        self.asked.append(folder)
        for name, content in self.files.items():
            write_bytes(Path(folder, "MNIST/raw", name), content)
        if self.error is not None:
            raise self.error


NAMES = list(IDX_FILES["mnist"].sha256)


@pytest.mark.parametrize(
    "error",
    [ValueError("cut off"), EOFError("cut off"), OSError("cut off"), RuntimeError("cut\noff")],
)
def test_a_download_that_is_cut_off_is_told_and_leaves_nothing(error, workspace, monkeypatch):
    monkeypatch.delenv("MNIST_DIR", raising=False)
    monkeypatch.setattr("torchvision.datasets.MNIST", Server({NAMES[0]: b"half"}, error))
    with pytest.raises(FileError, match=r"cut off\): set MNIST_DIR"):
        digits.folder_of("mnist")
    assert files(workspace) == {"params.yaml"}


def test_a_download_completes_what_is_there_once(workspace, monkeypatch):
    server = Server(dict.fromkeys(NAMES, b"whole"))
    monkeypatch.delenv("MNIST_DIR", raising=False)
    monkeypatch.setattr("torchvision.datasets.MNIST", server)
    write_bytes("data/raw/mnist/" + NAMES[0], b"put there by hand")
    for _ in range(2):
        assert digits.folder_of("mnist") == Path("data/raw/mnist")
    assert len(server.asked) == 1
    assert files(workspace) == {"params.yaml", *(f"data/raw/mnist/{name}" for name in NAMES)}


def test_downloads_side_by_side_go_into_folders_of_their_own(workspace, monkeypatch):
    server = Server(dict.fromkeys(NAMES, b"whole"))

    def slow(folder: str, download: bool) -> None:
        """Download while another process downloads the same."""
        if not server.asked:
            server(folder, download)
            digits.folder_of("mnist")
        else:
            server(folder, download)

    monkeypatch.delenv("MNIST_DIR", raising=False)
    monkeypatch.setattr("torchvision.datasets.MNIST", slow)
    assert digits.folder_of("mnist") == Path("data/raw/mnist")
    assert len(set(server.asked)) == 2
    assert files(workspace) == {"params.yaml", *(f"data/raw/mnist/{name}" for name in NAMES)}
