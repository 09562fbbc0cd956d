"""Short names set beside points so that none covers another name or a point."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes

from capsnet_study.figures.style import SMALL

DISTANCES = np.array([5.0, 9.0, 14.0, 20.0, 27.0])  # points
DIRECTIONS = np.radians([0, 180, 90, 270, 45, 135, 315, 225, 20, 160, 340, 200, 70, 110, 250, 290])
LINE = {"arrowstyle": "-", "linewidth": 0.4, "color": "#777777", "shrinkA": 0, "shrinkB": 2}


def label_points(
    axes: Axes,
    names: Sequence[str],
    points: Float[np.ndarray, "names 2"],
    obstacles: Float[np.ndarray, "boxes 4"],
) -> None:
    """Set each name at the nearest place around its point where it covers least.

    What is free depends on the size of the panel: settle the layout of the figure before.

    Parameters
    ----------
    axes : Axes
    names : sequence of str
    points : float array [names, 2]
        In data units.
    obstacles : float array [boxes, 4]
        What names should keep off: left, bottom, right and top, in pixels.
    """
    pixel = axes.figure.dpi / 72
    taken = obstacles
    for name, point in zip(names, points, strict=True):
        anchor = axes.transData.transform(point)
        size = _size_of(axes, name)
        middles = anchor + pixel * _offsets() + np.sign(np.round(_offsets())) * size * [0.5, 0]
        places = np.hstack([middles - size / 2, middles + size / 2])
        cost = _shared(places, taken).sum(axis=1) - _shared(places, _panel(axes)).sum(axis=1)
        best = int(np.argmin(cost))  # of equal ones the first, which is the nearest
        taken = np.vstack([taken, places[best]])
        axes.annotate(
            name, point, (middles[best] - anchor) / pixel, textcoords="offset points",
            ha="center", va="center", zorder=6, fontsize=SMALL,
            arrowprops=LINE if best >= len(DIRECTIONS) else None,
        ).set_in_layout(False)  # fmt: skip


def _offsets() -> Float[np.ndarray, "places 2"]:
    """All places around a point, the nearest first, in points."""
    unit = np.column_stack([np.cos(DIRECTIONS), np.sin(DIRECTIONS)])
    return (DISTANCES[:, None, None] * unit).reshape(-1, 2)


def _size_of(axes: Axes, name: str) -> Float[np.ndarray, "2"]:
    sample = axes.text(0, 0, name, fontsize=SMALL)
    size = sample.get_window_extent().size
    sample.remove()
    return np.array(size)


def _panel(axes: Axes) -> Float[np.ndarray, "1 4"]:
    return np.array([axes.bbox.extents])


def _shared(
    places: Float[np.ndarray, "places 4"], others: Float[np.ndarray, "others 4"]
) -> Float[np.ndarray, "places others"]:
    """The area that each place has in common with each other box."""
    low = np.maximum(places[:, None, :2], others[None, :, :2])
    high = np.minimum(places[:, None, 2:], others[None, :, 2:])
    return np.prod(np.clip(high - low, 0, None), axis=-1)
