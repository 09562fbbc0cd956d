"""The main effects in every setting, and over settings by a mixed model."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.stats import mannwhitneyu
from scipy.stats import t as student

from capsnet_study.settings.builtin import MAIN
from capsnet_study.settings.mixed import mixed_mean
from capsnet_study.settings.results import EffectInSetting, EffectOverSettings, PooledEffect
from capsnet_study.stats import t_interval


class Effect(NamedTuple):
    """A difference in final exact match between two arms of the sweep."""

    title: str
    of: str
    minus: str


EFFECTS = {
    "routing": Effect("Routing: three iterations minus uniform coupling", "n3", "n1"),
    "many": Effect("Many iterations: nine minus three", "n9", "n3"),
    "soft": Effect("Soft updates: η of 0.01 minus 1, at n = 6", "n6_eta0p01", "n6_eta1"),
    "capsules": Effect("Capsules: three iterations minus the CNN", "n3", "cnn"),
    "uniform": Effect("Capsules without routing minus the CNN", "n1", "cnn"),
}


def effects_of(trials: pd.DataFrame, seeds: Collection[str] = ()) -> dict[str, EffectOverSettings]:
    """Return each effect in each setting, paired by trial, and over all settings.

    Parameters
    ----------
    trials
        One row per setting, arm and trial, as `gather_settings` gives them.
    seeds
        Settings that repeat the main study on other seeds: with it they are one setting.
    """
    by_setting = dict(iter(trials.groupby("setting", sort=False)))
    return {
        name: EffectOverSettings(
            effect.title,
            {
                setting: effect_in(rows, effect)
                for setting, rows in by_setting.items()
                if len(differences(rows, effect))  # a setting may lack an arm
            },
            pooled(_paired_by_setting(trials, effect, seeds)),
        )
        for name, effect in EFFECTS.items()
    }


def effect_in(trials: pd.DataFrame, effect: Effect) -> EffectInSetting:
    """Return an effect in one setting."""
    interval = t_interval(differences(trials, effect).to_numpy())
    left, right = (
        trials.loc[trials["arm"] == arm, "exact_match"].to_numpy(float)
        for arm in (effect.of, effect.minus)
    )
    return EffectInSetting(**asdict(interval), share_above=share_above(left, right))


def differences(trials: pd.DataFrame, effect: Effect) -> pd.Series:
    """Return the differences of one setting by trial, of the trials that both arms have."""
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
    test = mannwhitneyu(left, right, method="asymptotic")  # of which only U is read
    return float(test.statistic / (len(left) * len(right)))


def pooled(paired: pd.DataFrame) -> PooledEffect | None:
    """Return the mean effect and its 95 % interval, with settings and starts both random.

    Restricted maximum likelihood of difference = mean + setting + start + rest. Trial k of a seed
    is one start: with as many images it orders them in the same way, and networks of the same sizes
    begin from the same weights. The interval is Student's, with one degree of freedom fewer than
    there are settings. None with one setting.

    Parameters
    ----------
    paired
        Columns setting, start, difference.
    """
    settings = paired["setting"].nunique()
    if settings < 2:
        return None
    groupings = [paired[name].to_numpy() for name in ("setting", "start")]
    mean, error = mixed_mean(paired["difference"].to_numpy(), groupings)
    half = float(student.ppf(0.975, settings - 1) * error)
    return PooledEffect(mean, mean - half, mean + half)


def _paired_by_setting(
    trials: pd.DataFrame, effect: Effect, seeds: Collection[str]
) -> pd.DataFrame:
    parts = [
        differences(rows, effect)
        .rename("difference")
        .reset_index()
        .assign(setting=MAIN if setting in seeds else setting, seed=seed)
        for (setting, seed), rows in trials.groupby(["setting", "seed"], sort=False)
    ]
    paired = pd.concat(parts, ignore_index=True)
    return paired.assign(start=paired.groupby(["seed", "trial"]).ngroup())
