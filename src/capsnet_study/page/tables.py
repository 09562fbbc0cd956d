"""What the charts draw, as tidy tables: one row per point."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from io import BytesIO
from itertools import product

import numpy as np
import pandas as pd
from jaxtyping import Integer, UInt8
from matplotlib.colors import to_hex
from PIL import Image
from scipy.stats import t as student

from capsnet_study.figures.maps import align, offset_colours
from capsnet_study.names import arm_name
from capsnet_study.settings.results import SettingsResults
from capsnet_study.training.arms import Arms, n_iter_arms

REFERENCE = 3  # iterations of the arm that others are compared with
MEASURES = {  # by the name in the menu: a column of plots/fitting.csv, and its unit
    "exact match (%)": ("exact_match", 0.01),
    "entropy of R1 (H / log J)": ("entropy_share_r1", 1.0),
}
ALONE, DIFFERENCE = "of each arm", "difference from n = 3"
POOLED = "all settings, pooled"


def curve_table(fitting: pd.DataFrame, arms: Arms) -> pd.DataFrame:
    """Return the mean and the spread over trials of each arm at each step.

    From ``low`` to ``high`` is mean ± 1 s.d. of an arm, and the 95 % t interval of a difference
    from n = 3 paired by trial. Exact match is in percent.

    Parameters
    ----------
    fitting : DataFrame
        ``plots/fitting.csv``.
    arms : mapping of str to Arm
        Those to return.
    """
    reference = next(key for key, arm in n_iter_arms(arms).items() if arm.n_iter == REFERENCE)
    shown = fitting.loc[fitting["arm"].isin(list(arms))]
    parts = []
    for measure, (column, unit) in MEASURES.items():
        values = shown.pivot(index=["arm", "step"], columns="trial", values=column) / unit
        differences = values.sub(values.loc[reference], level="step")
        for view, trials in ((ALONE, values), (DIFFERENCE, differences)):
            table = _over_trials(trials.dropna(how="all"), is_difference=view == DIFFERENCE)
            parts.append(table.assign(measure=measure, view=view))
    names = {key: arm_name(arm) for key, arm in arms.items()}
    return pd.concat(parts, ignore_index=True).replace({"arm": names})


def _over_trials(values: pd.DataFrame, is_difference: bool) -> pd.DataFrame:
    """Return mean, low, high and trials of each row; a single trial has no spread."""
    mean, half, trials = values.mean(axis=1), values.std(axis=1), values.count(axis=1)
    if is_difference:
        half *= student.ppf(0.975, (trials - 1).clip(lower=1)) / np.sqrt(trials)
    half = half.fillna(0.0)
    columns = {"mean": mean, "low": mean - half, "high": mean + half}
    return pd.DataFrame(columns).round(4).assign(trials=trials).reset_index()


def map_table(
    maps: pd.DataFrame, measured: pd.DataFrame, models: Sequence[str], pairs: Sequence[str]
) -> pd.DataFrame:
    """Return t-SNE maps, with the colour of each shift and words on the disparity of each map.

    Parameters
    ----------
    maps : DataFrame
        ``data/faithfulness/MODEL/maps.csv`` of all models: model, pair, dr, dc, x, y, and trial if
        there are several. Each map is returned as it is aligned with the grid of shifts.
    measured : DataFrame
        ``plots/manifold.csv``.
    models, pairs : sequences of str
        Of which maps are returned.
    """
    maps_of = dict(iter(maps.groupby(["model", "pair"])))
    rows_of = dict(iter(measured.groupby(["model", "pair"])))
    parts = []
    for model, pair in product(models, pairs):
        disparities = rows_of[model, pair].set_index("trial")["procrustes_disparity"]
        points = _median_map(maps_of[model, pair], disparities)
        aligned = align(points)
        x, y = aligned.points.round(4).T
        words = f"disparity {aligned.disparity:.3f}"
        if len(disparities) > 1:
            words += f"; mean of {len(disparities)} trials {disparities.mean():.3f}"
        parts.append(points.assign(x=x, y=y, words=words))
    table = pd.concat(parts, ignore_index=True)
    colours = offset_colours(table[["dr", "dc"]].to_numpy())
    return table.assign(colour=[to_hex(colour) for colour in colours])


def _median_map(maps: pd.DataFrame, disparities: pd.Series) -> pd.DataFrame:
    """Return the map of the trial with the median disparity, where there are several trials."""
    if "trial" not in maps:
        return maps
    ranked = disparities[disparities.index.isin(maps["trial"])].sort_values(kind="stable").index
    return maps.loc[maps["trial"] == ranked[(len(ranked) - 1) // 2]]


def image_table(
    pair: str,
    images: UInt8[np.ndarray, "shifts rows columns"],
    offsets: Integer[np.ndarray, "shifts 2"],
) -> pd.DataFrame:
    """Return the images of a digit pair, dark on white: pair, dr, dc, image (a data URI)."""
    uris = []
    for pixels in 255 - images:
        file = BytesIO()
        Image.fromarray(pixels).save(file, "png", optimize=True)
        uris.append(f"data:image/png;base64,{b64encode(file.getvalue()).decode()}")
    return pd.DataFrame(offsets, columns=["dr", "dc"]).assign(pair=pair, image=uris)


def effect_table(results: SettingsResults) -> pd.DataFrame:
    """Return each main effect in each setting, the largest first, and pooled over settings.

    Means and intervals are in points. A single trial has no interval.
    """
    rows = []
    for effect in results.effects.values():
        ranked = sorted(effect.settings.items(), key=lambda item: -item[1].mean)
        for key, found in ranked:
            setting = results.settings[key]
            facts = setting.title, setting.changed or "nothing", str(found.n)
            rows.append((effect.title, *facts, found.mean, found.low, found.high))
        if found := effect.pooled:
            rows.append((effect.title, POOLED, "", "all", found.mean, found.low, found.high))
    ends = ["mean", "low", "high"]
    table = pd.DataFrame(rows, columns=["effect", "setting", "changed", "trials", *ends])
    points = 100 * table[ends].astype(float)
    return table.assign(**points.apply(lambda column: column.fillna(points["mean"])).round(3))
