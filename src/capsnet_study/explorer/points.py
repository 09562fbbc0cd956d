"""What the charts draw: tidy rows, as short as a reader can see."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from capsnet_study.figures.arms import over_trials, shown_arms
from capsnet_study.figures.causes import usual_arm
from capsnet_study.figures.paired import differences
from capsnet_study.names import arm_name

Row = dict[str, Any]

ENTROPIES = {"R1": "entropy_share_r1", "R2": "entropy_share_r2"}


def curve_rows(table: pd.DataFrame) -> list[Row]:
    """Return the exact match of each arm at each step, and what it has more than n = 3.

    Of both (`match_` and `gain_`, in shares): mean, mean ± 1 s.d. over trials, and all in words. An
    arm that shares no trial with n = 3 has no gain.

    Parameters
    ----------
    table : DataFrame
        `plots/fitting.csv`: one row per arm, trial and evaluation.
    """
    arms = shown_arms(table)
    base = usual_arm(arms)
    rows = []
    for key, arm in arms.items():
        gains = _gains(table, key, base)
        for point in over_trials(table, key, "exact_match").itertuples():
            place = {"arm": arm_name(arm), "step": int(point.step)}
            match = Spread(point.mean, point.std, int(point.n))
            rows.append(place | _band("match", match, "%", ".1f"))
            if point.step in gains:
                rows[-1] |= _band("gain", gains[point.step], "points", "+.1f")
    return rows


class Spread(NamedTuple):
    """Mean and standard deviation of so many trials; that of one is NaN."""

    mean: float
    std: float
    n: int


def _gains(table: pd.DataFrame, key: str, base: str | None) -> dict[int, Spread]:
    """Return by step what an arm has more than another one, paired by trial."""
    if base is None:
        return {}
    found = differences(table, key, base) / 100
    over_trials = zip(found.mean(axis=1), found.std(axis=1), found.count(axis=1), strict=True)
    return {
        int(step): Spread(*values) for step, values in zip(found.index, over_trials, strict=True)
    }


def _band(name: str, spread: Spread, unit: str, digits: str) -> Row:
    std = 0.0 if np.isnan(spread.std) else spread.std
    ends = {"mean": spread.mean, "low": spread.mean - std, "high": spread.mean + std}
    mean = f"{100 * spread.mean:{digits}}".replace("-", "−")
    words = f"{mean} {unit} (one trial)"
    if spread.n > 1:
        words = f"{mean} ± {100 * std:.1f} {unit} ({spread.n} trials)"
    rounded = {f"{name}_{end}": round(value, 5) for end, value in ends.items()}
    return rounded | {f"{name}_words": words}


def trajectory_rows(table: pd.DataFrame) -> list[Row]:
    """Return exact match and H / log J of R1 and R2, means over trials, at each step.

    Arms without couplings, the CNNs, have no row.
    """
    measures = {"exact_match": "exact_match", **ENTROPIES}
    rows = []
    for key, arm in shown_arms(table).items():
        means = {
            name: over_trials(table, key, column).set_index("step")["mean"]
            for name, column in measures.items()
        }
        for step, values in pd.DataFrame(means).dropna().iterrows():
            rounded = {"exact_match": 5, "R1": 7, "R2": 7}
            shown = {name: round(values[name], digits) for name, digits in rounded.items()}
            rows.append({"arm": arm_name(arm), "step": int(step), **shown})
    return rows


def map_rows(maps: pd.DataFrame) -> tuple[list[Row], list[int], list[int]]:
    """Return one row a map, and the row and column offsets of the points of every map.

    Each map is moved and scaled, by one factor for both axes, to fill the square from −1 to 1.

    Parameters
    ----------
    maps : DataFrame
        `plots/manifold_maps.csv`: model, pair, dr, dc, x, y.

    Raises
    ------
    ValueError
        Some map has other offsets than the first.
    """
    maps = maps.sort_values(["dr", "dc"], kind="stable")
    rows, grids = [], []
    for (model, pair), points in maps.groupby(["model", "pair"], sort=False):
        x, y = _in_square(points[["x", "y"]].to_numpy(float)).T.tolist()
        rows.append({"model": model, "pair": pair, "x": x, "y": y})
        grids.append(points[["dr", "dc"]].to_numpy(int))
    if any(not np.array_equal(grid, grids[0]) for grid in grids):
        raise ValueError("all maps must have the same offsets")
    return rows, *grids[0].T.tolist()


def _in_square(points: np.ndarray) -> np.ndarray:
    low, high = points.min(axis=0), points.max(axis=0)
    reach = (high - low).max() / 2 or 1.0
    return ((points - (low + high) / 2) / reach).round(3)
