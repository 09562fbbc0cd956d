"""What the charts of the causes draw: tidy rows, as short as a reader can see."""

from __future__ import annotations

import pandas as pd

from capsnet_study.explorer.points import Row
from capsnet_study.figures.arms import over_trials
from capsnet_study.figures.causes import all_arms, step_groups, usual_arm
from capsnet_study.figures.clamp import GRADIENTS, PANEL_N_ITER, Point, free_points, held_points
from capsnet_study.figures.exposure import EFFECTIVE, exposed_arms
from capsnet_study.figures.interventions import changed_arms, loss_rows
from capsnet_study.figures.paired import differences, interval_of, intervals_by_step
from capsnet_study.figures.train_test import matrix_rows
from capsnet_study.names import CHANGED_LAYERS, arm_name
from capsnet_study.stats import Interval


def difference_rows(table: pd.DataFrame) -> list[Row]:
    """Return the points of exact match that each arm has over n = 3 at each step, by group."""
    arms = all_arms(table)
    base = usual_arm(arms)
    rows = []
    for group, members in step_groups(arms).items() if base else ():
        for key, arm in members.items():
            for point in intervals_by_step(differences(table, key, base)).itertuples():
                found = Interval(point.mean, int(point.n), _known(point.low), _known(point.high))
                place = {"group": group, "arm": arm_name(arm), "step": int(point.step)}
                rows.append(place | _spread(found, "points", 3))
    return rows


def matrix_cells(interventions: pd.DataFrame, table: pd.DataFrame) -> list[Row]:
    """Return exact match (percent) and its change (points) by layer and n in training and test."""
    rows = matrix_rows(interventions, table)
    return [
        {
            "layer": CHANGED_LAYERS[cell.layer],
            "train": cell.train,
            "test": cell.test,
            "percent": round(100 * cell.exact_match, 2),
            "change": round(cell.change, 2),
        }
        for cell in rows.itertuples()
    ]


def intervention_rows(interventions: pd.DataFrame, table: pd.DataFrame) -> list[Row]:
    """Return the points lost by each change of the couplings of the arms shown, by layer."""
    losses = loss_rows(interventions)
    rows = []
    for key, arm in changed_arms(losses, table).items():
        of_arm = losses.loc[losses["arm"] == key].groupby(["name", "layer"], sort=False)["loss"]
        for (name, layer), values in of_arm:
            found = interval_of(values)
            place = {"arm": arm_name(arm), "change": name, "layer": CHANGED_LAYERS[layer]}
            rows += [place | _spread(found, "points", 3)] if found else []
    return rows


def clamp_rows(table: pd.DataFrame) -> list[Row]:
    """Return final exact match against H / log J of R1: targets, and arms that choose their own."""
    arms = all_arms(table)
    rows = []
    for n_iter in PANEL_N_ITER:
        held = [held_points(table, arms, n_iter, gradient) for gradient in GRADIENTS]
        rows += [_clamp_row(point, n_iter, False) for points in held for point in points]
        rows += [_clamp_row(point, n_iter, True) for point in free_points(table, arms, n_iter)]
    return rows


def _clamp_row(point: Point, n_iter: int, free: bool) -> Row:
    place = {"n": f"n = {n_iter}", "arm": point.label, "free": free, "share": round(point.x, 4)}
    return place | _spread(point.match, "%", 5, 100.0)


def exposure_rows(exposure: pd.DataFrame, table: pd.DataFrame) -> list[Row]:
    """Return the effective numbers of capsules of each arm at each step, means over trials."""
    rows = []
    for key, arm in exposed_arms(exposure, table).items():
        means = {
            column: over_trials(exposure, key, column).set_index("step")["mean"]
            for column in EFFECTIVE
        }
        for step, values in pd.DataFrame(means).dropna().iterrows():
            shown = {column: round(values[column], 3) for column in EFFECTIVE}
            rows.append({"arm": arm_name(arm), "step": int(step), **shown})
    return rows


def _known(value: float) -> float | None:
    return None if pd.isna(value) else float(value)


def _spread(found: Interval, unit: str, digits: int, scale: float = 1.0) -> Row:
    """Mean and interval, and both in words; one trial has no interval."""
    low, high = (found.mean if end is None else end for end in (found.low, found.high))
    mean, *ends = (f"{scale * value:.2f}".replace("-", "−") for value in (found.mean, low, high))
    words = f"{mean} {unit} (one trial)"
    if found.low is not None:
        words = f"{mean} {unit} [{ends[0]}, {ends[1]}] ({found.n} trials)"
    numbers = {"mean": found.mean, "low": low, "high": high}
    return {name: round(value, digits) for name, value in numbers.items()} | {"words": words}
