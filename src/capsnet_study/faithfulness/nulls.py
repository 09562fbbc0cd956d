"""What the map measures give where the answer is known: the bands to read a result against."""

import numpy as np

from capsnet_study.faithfulness.chamfer import Points, chamfer_conventions
from capsnet_study.faithfulness.measures import procrustes_disparity

Band = dict[str, float]


def null_bands(grid: Points, draws: int, rng: np.random.Generator) -> dict[str, dict[str, Band]]:
    """Chamfer distances and Procrustes disparity of four kinds of map that carry known structure.

    Parameters
    ----------
    grid : the true shifts.
    draws : how many maps to draw of each random kind.
    rng : source of the draws.

    Returns
    -------
    ``{measure: {kind: {"mean", "low", "high"}}}``, low and high the 2.5 and 97.5 percentiles. The
    kinds: noise (independent Gaussian points), shuffled (the grid with its points' identities
    shuffled), rotated_30 (the grid turned by 30 degrees) and perfect (the grid).
    """
    turn = np.deg2rad(30.0)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    maps = {
        "noise": [rng.standard_normal(grid.shape) for _ in range(draws)],
        "shuffled": [rng.permutation(grid) for _ in range(draws)],
        "rotated_30": [grid @ rotation.T],
        "perfect": [grid],
    }
    measured = {kind: [_measures(grid, points) for points in maps[kind]] for kind in maps}
    return {
        name: {kind: _band([values[name] for values in measured[kind]]) for kind in maps}
        for name in measured["perfect"][0]
    }


def _measures(grid: Points, embedding: Points) -> dict[str, float]:
    disparity = procrustes_disparity(grid, embedding)
    return chamfer_conventions(grid, embedding) | {"procrustes_disparity": disparity}


def _band(values: list[float]) -> Band:
    low, high = np.percentile(values, [2.5, 97.5])
    return {"mean": float(np.mean(values)), "low": float(low), "high": float(high)}
