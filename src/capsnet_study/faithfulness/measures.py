"""How faithfully maps and activations keep the 9 x 9 grid of shifts, knowing which point is which.

A collapsed map (all points equal) has the worst disparity (1) and keeps no order of distances (0),
so that a dead representation counts against its model instead of dropping out as missing; collapsed
activations have 0 in all measures of them but the R² of their read-out, which is 0 or less.
"""

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial import procrustes
from scipy.spatial.distance import cdist, pdist
from scipy.stats import spearmanr
from sklearn.linear_model import RidgeCV
from sklearn.metrics import r2_score
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from capsnet_study.faithfulness.chamfer import Points, chamfer_conventions

NEIGHBOURS = 8  # of an inner point of the grid
RIDGE_PENALTIES = np.logspace(-2, 4, 13)


def procrustes_disparity(grid: Points, embedding: Points) -> float:
    """Share of the grid's variance that the best similarity transform of the map leaves over.

    From 0 (the map is the grid, moved, turned, mirrored or scaled) to 1.
    """
    if _collapsed(embedding):
        return 1.0
    return float(procrustes(grid, embedding)[2])


def trustworthiness(grid: Points, embedding: Points, k: int = NEIGHBOURS) -> float:
    """Are the k neighbours of a point in the map its neighbours in the grid? (Venna & Kaski 2001)

    1 if all are; each that is not costs by how far down the grid's order it stands. About 0.5 for a
    map of noise. As `sklearn.manifold.trustworthiness`, but equal distances, of which a grid is
    full, are ordered alike in both spaces: the grid itself earns exactly 1.

    Raises
    ------
    ValueError
        Unless 1 <= k < points / 2.
    """
    return _kept_neighbours(_order(embedding), _order(grid), k)


def continuity(grid: Points, embedding: Points, k: int = NEIGHBOURS) -> float:
    """Are the k neighbours of a point in the grid its neighbours in the map?

    `trustworthiness` with the roles of grid and map exchanged.
    """
    return _kept_neighbours(_order(grid), _order(embedding), k)


def _order(points: Float[np.ndarray, "points _"]) -> Int[np.ndarray, "points points-1"]:
    """For each point the others, nearest first."""
    distance = cdist(points, points)
    np.fill_diagonal(distance, np.inf)
    return distance.argsort(axis=1, kind="stable")[:, :-1]


def _kept_neighbours(
    order: Int[np.ndarray, "n n-1"], reference: Int[np.ndarray, "n n-1"], k: int
) -> float:
    n = len(order)
    if not 1 <= k < n / 2:
        raise ValueError(f"k = {k} neighbours: must be at least 1 and below half of {n} points")
    rank = np.empty((n, n), dtype=int)
    np.put_along_axis(rank, reference, np.arange(1, n)[None], axis=1)
    excess = np.take_along_axis(rank, order[:, :k], axis=1) - k
    return 1.0 - 2.0 / (n * k * (2 * n - 3 * k - 1)) * float(excess.clip(0).sum())


def distance_spearman(grid: Points, points: Float[np.ndarray, "points dim"]) -> float:
    """Rank correlation of the pairwise distances in the grid and among the points.

    The points may be a map or the activations themselves. 0 when all points are equal.
    """
    if _collapsed(points):
        return 0.0
    return float(spearmanr(pdist(grid), pdist(points)).statistic)


def knn_overlap(
    grid: Points, points: Float[np.ndarray, "points dim"], k: int = NEIGHBOURS
) -> float:
    """Share of the k nearest neighbours in the grid that are among the k nearest of the points.

    The mean over all points. Equal distances are ordered alike in both spaces: the grid itself
    earns exactly 1. 0 when all points are equal.

    Raises
    ------
    ValueError
        Unless 1 <= k < points.
    """
    if not 1 <= k < len(grid):
        raise ValueError(f"k = {k} neighbours: must be at least 1 and below {len(grid)} points")
    if _collapsed(points):
        return 0.0
    wanted, found = (_order(space)[:, :k] for space in (grid, points))
    return float((wanted[:, :, None] == found[:, None]).any(axis=2).mean())


def linear_cka(grid: Points, points: Float[np.ndarray, "points dim"]) -> float:
    """Linear centred kernel alignment (Kornblith et al. 2019): ‖XᵀY‖² / (‖XᵀX‖ ‖YᵀY‖).

    X and Y are the centred grid and points. From 0 to 1: 1 if the points are the grid, turned,
    mirrored, moved or scaled, in however many dimensions. 0 when all points are equal.
    """
    if _collapsed(points):
        return 0.0
    x, y = (space - space.mean(axis=0) for space in (grid, points.astype(np.float64)))
    norms = np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y)
    return float(np.linalg.norm(x.T @ y) ** 2 / norms)


def linear_r2(
    activations: Float[np.ndarray, "points dim"], offsets: Points, seed: int, folds: int = 9
) -> float:
    """How well a linear read-out finds the shift (dr, dc) of images it has not seen.

    Ridge regression on standardised activations, its penalty chosen within each training part.
    Predictions are clipped to the range of the shifts: a unit that is silent in the training part
    could else send a single one to infinity.
    The predictions of all folds (shuffled with `seed`) are pooled into one R² for each of dr and
    dc; their plain mean is returned: 1 is perfect, 0 or less no better than the mean shift.
    """
    model = make_pipeline(StandardScaler(), RidgeCV(RIDGE_PENALTIES))
    splits = KFold(folds, shuffle=True, random_state=seed)
    predicted = cross_val_predict(model, activations.astype(np.float64), offsets, cv=splits)
    predicted = predicted.clip(offsets.min(axis=0), offsets.max(axis=0))
    return float(r2_score(offsets, predicted, multioutput="uniform_average"))


def map_measures(grid: Points, embedding: Points) -> dict[str, float]:
    """All measures of a 2-D map against the grid, by the names of the columns of manifold.csv."""
    return chamfer_conventions(grid, embedding) | {
        "procrustes_disparity": procrustes_disparity(grid, embedding),
        "trustworthiness": trustworthiness(grid, embedding),
        "continuity": continuity(grid, embedding),
        "distance_spearman": distance_spearman(grid, embedding),
    }


def activation_measures(
    grid: Points, activations: Float[np.ndarray, "points dim"]
) -> dict[str, float]:
    """All measures of activations against the grid, which need no map of them."""
    return {
        "linear_r2": linear_r2(activations, grid, seed=0),
        "raw_distance_spearman": distance_spearman(grid, activations),
        "raw_knn_overlap": knn_overlap(grid, activations),
        "raw_cka": linear_cka(grid, activations),
    }


def _collapsed(points: Float[np.ndarray, "points _"]) -> bool:
    return not np.ptp(points, axis=0).any()
