"""Names set beside points so that none covers another name or a point."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.transforms import Bbox, BboxBase

from capsnet_study.figures.style import SMALL

DISTANCES = (5.0, 9.0, 14.0, 20.0, 27.0, 36.0)  # points
DIRECTIONS = np.radians([0, 180, 90, 270, 45, 135, 315, 225, 20, 160, 340, 200, 70, 110, 250, 290])
WORSE = 10.0  # a name on another one than a name on a marker or an error bar
LINE = {"arrowstyle": "-", "linewidth": 0.4, "color": "#777777", "shrinkA": 0, "shrinkB": 2}


class Place(NamedTuple):
    """Where a name may stand: how far off, its pixels, and those of a line to its point."""

    distance: float
    name: Bbox
    line: Bbox | None


def label_points(
    axes: Axes,
    names: Sequence[str],
    points: Float[np.ndarray, "names 2"],
    obstacles: Sequence[Bbox],
) -> None:
    """Set each name at the nearest free place around its point, with a thin line if far from it.

    What is free depends on the size of the panel: settle the layout of the figure before.

    Parameters
    ----------
    axes : Axes
    names : sequence of str
    points : float array [names, 2]
        In data units.
    obstacles : sequence of Bbox
        What names should keep off, in pixels.
    """
    set_down: list[Place] = []
    longest_first = sorted(zip(names, points, strict=True), key=lambda pair: -len(pair[0]))
    for name, point in longest_first:
        anchor = axes.transData.transform(point)
        place = min(
            _places(axes, name, anchor), key=lambda place: _cost(axes, place, set_down, obstacles)
        )
        set_down.append(place)
        offset = ((place.name.p0 + place.name.p1) / 2 - anchor) * 72 / axes.figure.dpi
        axes.annotate(
            name, point, offset, textcoords="offset points", ha="center", va="center", zorder=6,
            fontsize=SMALL, arrowprops=LINE if place.line else None,
        ).set_in_layout(False)  # fmt: skip


def _places(axes: Axes, name: str, anchor: np.ndarray) -> Iterator[Place]:
    """The places for a name, the best first."""
    sample = axes.text(0, 0, name, fontsize=SMALL)
    size = sample.get_window_extent().size
    sample.remove()
    for index, distance in enumerate(np.array(DISTANCES) * axes.figure.dpi / 72):
        for across, up in zip(np.cos(DIRECTIONS), np.sin(DIRECTIONS), strict=True):
            side = np.sign(across) if abs(across) > 0.5 else 0
            middle = anchor + distance * np.array([across, up]) + size * [side / 2, 0]
            ends = np.sort([anchor, middle], axis=0)
            box = Bbox([middle - size / 2, middle + size / 2])
            yield Place(distance, box, Bbox(ends).padded(1) if index else None)


def _cost(axes: Axes, place: Place, set_down: Sequence[Place], obstacles: Sequence[Bbox]) -> float:
    """Square pixels of a name out of the panel or covered, and a little for the distance."""
    names = [other.name for other in set_down]
    lines = [other.line for other in set_down if other.line]
    cost = place.distance + _area(place.name) - _shared(place.name, [axes.bbox])
    cost += _shared(place.name, obstacles) + WORSE * _shared(place.name, [*names, *lines])
    return cost + (WORSE * _shared(place.line, names) if place.line else 0.0)


def _shared(box: Bbox, others: Sequence[BboxBase]) -> float:
    both = (Bbox.intersection(box, other) for other in others)
    return sum((_area(overlap) for overlap in both if overlap), 0.0)


def _area(box: Bbox) -> float:
    return box.width * box.height
