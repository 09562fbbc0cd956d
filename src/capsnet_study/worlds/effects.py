"""The main effects in every world, and over worlds by a mixed model."""

from __future__ import annotations

import warnings
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.stats import t as student
from statsmodels.regression.mixed_linear_model import MixedLM

from capsnet_study.stats import t_interval


class Effect(NamedTuple):
    """A difference in final exact match between two arms of the sweep."""

    title: str
    of: str
    minus: str


EFFECTS = {
    "routing": Effect("Routing: three iterations less uniform coupling", "n3", "n1"),
    "many": Effect("Many iterations: nine less three", "n9", "n3"),
    "soft": Effect("Soft updates: η of 0.01 less 1, at n = 6", "n6_eta0p01", "n6_eta1"),
    "capsules": Effect("Capsules: three iterations less the CNN", "n3", "cnn"),
    "uniform": Effect("Capsules without routing less the CNN", "n1", "cnn"),
}


def effects_of(trials: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return each effect in each world, paired by trial, and over all worlds.

    Parameters
    ----------
    trials
        One row a world, arm and trial, as `gather_worlds` gives them.

    Returns
    -------
    By effect: title, worlds (by name mean, low, high and n of a 95 % t interval of the paired
    differences, and share_above, the share of all pairs of a trial of one arm and a trial of the
    other in which the first is better, ties half), and pooled (mean, low, high; None with one
    world).
    """
    return {
        name: {
            "title": effect.title,
            "worlds": {
                world: effect_in(rows, effect)
                for world, rows in trials.groupby("world", sort=False)
                if len(differences(rows, effect))  # some world may lack an arm
            },
            "pooled": pooled(_paired_by_world(trials, effect)),
        }
        for name, effect in EFFECTS.items()
    }


def effect_in(trials: pd.DataFrame, effect: Effect) -> dict[str, Any]:
    """Return an effect in one world, as `effects_of` has it."""
    paired = differences(trials, effect)
    sides = [
        trials.loc[trials["arm"] == arm, "exact_match"].to_numpy(float)
        for arm in (effect.of, effect.minus)
    ]
    return asdict(t_interval(paired.to_numpy())) | {"share_above": share_above(*sides)}


def differences(trials: pd.DataFrame, effect: Effect) -> pd.Series:
    """Return the differences of one world by trial, of the trials that both arms have."""
    left, right = (
        trials[trials["arm"] == arm].set_index("trial")["exact_match"]
        for arm in (effect.of, effect.minus)
    )
    return (left - right).dropna()


def share_above(left: Float[np.ndarray, " n"], right: Float[np.ndarray, " m"]) -> float:
    """Return how often a value of `left` is above one of `right`; a tie counts as half.

    >>> share_above(np.array([0.7, 0.8]), np.array([0.7, 0.6]))
    0.875
    """
    return float((np.sign(left[:, None] - right) + 1).mean() / 2)


def pooled(paired: pd.DataFrame) -> dict[str, float | None]:
    """Return the mean effect and its 95 % interval, with worlds and starts both random.

    Restricted maximum likelihood of difference = mean + world + start + rest: trial k begins from
    the same weights in worlds of the same sizes and seed, and so has one start there. The interval
    is Student's, with as many degrees of freedom as there are worlds less one.

    Parameters
    ----------
    paired
        Columns world, start, difference.
    """
    worlds = paired["world"].nunique()
    if worlds < 2:
        return dict.fromkeys(("mean", "low", "high"))
    model = MixedLM.from_formula(
        "difference ~ 1",
        groups=np.zeros(len(paired)),  # all rows in one: worlds and starts cross
        vc_formula={name: f"0 + C({name})" for name in ("world", "start")},
        data=paired,
    )
    with warnings.catch_warnings():  # a variance of 0, at the edge of what is allowed, is no fault
        warnings.simplefilter("ignore")
        found = model.fit(reml=True)
    mean = float(found.fe_params.iloc[0])
    half = float(student.ppf(0.975, worlds - 1) * found.bse_fe.iloc[0])
    return {"mean": mean, "low": mean - half, "high": mean + half}


def _paired_by_world(trials: pd.DataFrame, effect: Effect) -> pd.DataFrame:
    parts = [
        differences(rows, effect).rename("difference").reset_index().assign(world=world, seed=seed)
        for (world, seed), rows in trials.groupby(["world", "seed"], sort=False)
    ]
    paired = pd.concat(parts, ignore_index=True)
    return paired.assign(start=paired["seed"].astype(str) + " " + paired["trial"].astype(str))
