"""The images of a manifold set as one small picture, of which a chart shows a part."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from io import BytesIO

import numpy as np
from jaxtyping import Int, UInt8
from PIL import Image

from capsnet_study.common.sizes import MAX_SHIFT

GREYS = 16
SHIFTS = 2 * MAX_SHIFT + 1  # in either direction


def sheets(
    images: Mapping[str, UInt8[np.ndarray, "shifts rows columns"]],
    offsets: Int[np.ndarray, "shifts 2"],
) -> dict[str, str]:
    """Return for each digit pair the address of a PNG with all its images, dark on white.

    The image of offset (dr, dc) stands in row dr + 4 and column dc + 4.

    Parameters
    ----------
    images
        Those of every pair, in the order of `offsets`.
    offsets
        Rows and columns by which the moving digit was shifted.
    """
    return {pair: _address(_mosaic(stack, offsets)) for pair, stack in images.items()}


def _mosaic(
    stack: UInt8[np.ndarray, "shifts rows columns"], offsets: Int[np.ndarray, "shifts 2"]
) -> UInt8[np.ndarray, "all_rows all_columns"]:
    _, rows, columns = stack.shape
    tiles = np.zeros((SHIFTS, SHIFTS, rows, columns), dtype=np.uint8)
    tiles[tuple((offsets + MAX_SHIFT).T)] = 255 - stack
    return tiles.swapaxes(1, 2).reshape(SHIFTS * rows, SHIFTS * columns)


def _address(image: UInt8[np.ndarray, "rows columns"]) -> str:
    with BytesIO() as buffer:
        Image.fromarray(image).quantize(GREYS).save(buffer, "png", optimize=True)
        return f"data:image/png;base64,{b64encode(buffer.getvalue()).decode()}"
