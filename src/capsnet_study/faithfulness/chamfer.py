"""Chamfer distance between the grid of shifts and a 2-D map, in three conventions (paper 3.2).

The paper states no normalisation, and the distance does not know which point is which: shuffling
the points of a perfect map changes nothing. Hence three conventions, to be read beside the bands of
`capsnet_study.faithfulness.nulls`, and the measures of `capsnet_study.faithfulness.measures`.

An axis along which all points agree is left at 0 by every normalisation, so that a collapsed map
is a point at the origin: far from the grid, but no error.
"""

import numpy as np
from jaxtyping import Float
from scipy.linalg import orthogonal_procrustes
from scipy.spatial import cKDTree

Points = Float[np.ndarray, "points 2"]


def chamfer_distance(a: Float[np.ndarray, "n dim"], b: Float[np.ndarray, "m dim"]) -> float:
    """Mean distance from a point of a to the nearest of b, plus the same from b to a.

    In the unit of the coordinates; symmetric, blind to the order of the points.

    Raises
    ------
    ValueError
        If a set is empty or has a coordinate that is not finite.

    >>> chamfer_distance(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0]]))
    10.0
    """
    for points in (a, b):
        if len(points) == 0 or not np.isfinite(points).all():
            raise ValueError("the Chamfer distance needs non-empty sets of finite points")
    to_b, _ = cKDTree(b).query(a)
    to_a, _ = cKDTree(a).query(b)
    return float(to_b.mean() + to_a.mean())


def normalise_zscore(points: Points) -> Float[np.ndarray, "points 2"]:
    """Each axis with mean 0 and standard deviation 1."""
    centred = points - points.mean(0, dtype=np.float64)
    return centred / _nonzero(centred.std(0), np.ptp(points, axis=0))


def normalise_unit_box(points: Points) -> Float[np.ndarray, "points 2"]:
    """Each axis from 0 to 1."""
    extent = np.ptp(points, axis=0).astype(np.float64)
    return (points - points.min(0)) / _nonzero(extent, extent)


def _nonzero(scale: Float[np.ndarray, "2"], extent: Float[np.ndarray, "2"]) -> np.ndarray:
    """The scale to divide by: that of an axis of no extent is 1."""
    return np.where(extent > 0, scale, 1.0)


def procrustes_align(grid: Points, embedding: Points) -> Float[np.ndarray, "points 2"]:
    """Move the map onto the grid by the similarity that brings row k nearest to row k.

    Least squares over translations, rotations, reflections and one scale. A map without any
    relation to the grid shrinks to the grid's centre, as does a collapsed one.
    """
    centre = grid.mean(0, dtype=np.float64)
    centred = embedding - embedding.mean(0, dtype=np.float64)
    rotation, overlap = orthogonal_procrustes(centred, grid - centre)
    size = np.square(centred).sum()
    scale = overlap / size if np.ptp(embedding, axis=0).any() else 0.0
    return scale * centred @ rotation + centre


def chamfer_conventions(grid: Points, embedding: Points) -> dict[str, float]:
    """Chamfer distance between grid and map in each of the three conventions.

    Returns
    -------
    chamfer_zscore : both z-scored along each axis.
    chamfer_unit_box : both scaled to the unit square along each axis.
    chamfer_procrustes : the map aligned, with known correspondence, to the z-scored grid.
    """
    target = normalise_zscore(grid)
    return {
        "chamfer_zscore": chamfer_distance(target, normalise_zscore(embedding)),
        "chamfer_unit_box": chamfer_distance(
            normalise_unit_box(grid), normalise_unit_box(embedding)
        ),
        "chamfer_procrustes": chamfer_distance(target, procrustes_align(target, embedding)),
    }
