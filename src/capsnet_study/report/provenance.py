"""The search on validation digits that chose the settings, and the runs before this one."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from capsnet_study.claims.records import Claims
from capsnet_study.params import Params

SETTING_BLOCKS = ("data", "model", "capsules", "routing", "train", "manifold", "transfer")


@dataclass(frozen=True)
class EarlierRuns:
    """Runs whose verdicts were known before this one.

    Attributes
    ----------
    settings
        By setting that was not the same in all runs: its value in each of them, this run last.
    verdicts
        By claim: its verdict in each run, this run last.
    commits
        Of all but this run.
    """

    settings: dict[str, list[str]]
    verdicts: dict[str, list[str]]
    commits: list[str]

    @property
    def changed(self) -> list[str]:
        """The claims that did not get the same verdict from all runs."""
        return [id for id, verdicts in self.verdicts.items() if len(set(verdicts)) > 1]

    @property
    def changed_last(self) -> list[str]:
        """The claims of which the latest of the runs before says otherwise than this one."""
        return [id for id, verdicts in self.verdicts.items() if verdicts[-2:-1] != verdicts[-1:]]


def earlier_runs(earlier: pd.DataFrame, claims: Claims, params: Params) -> EarlierRuns:
    """Return the runs of ``scripts/earlier_runs.csv``, and this one.

    A run with the settings of this one is left out: it is this one.
    """
    names = [name for name in earlier if name.partition(".")[0] in SETTING_BLOCKS]
    mine = {name: _plain(_value(params, name)) for name in names}
    runs = earlier.assign(**{name: earlier[name].map(_plain) for name in names})
    others = runs[(runs[names] != pd.Series(mine)).any(axis="columns")]
    settings = {name: [*others[name], mine[name]] for name in names}
    return EarlierRuns(
        {name: values for name, values in settings.items() if len(set(values)) > 1},
        {
            name: [*others[name].fillna("–"), claim.verdict]
            for name, claim in claims.items()
            if name in others
        },
        list(others["commit"]),
    )


def _value(params: Params, name: str) -> object:
    block, _, key = name.partition(".")
    return getattr(getattr(params, block), key, None)


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    return "–" if pd.isna(value) else f"{value:g}"


def searched_gains(search: pd.DataFrame) -> pd.DataFrame:
    """Return the mean exact match on validation images of CapsNets with one hidden layer.

    One row per initial gain and learning rate, one column per n_iter.
    """
    rows = search[(search["kind"] == "capsnet") & (search["hidden"] == 1)]
    means = rows.groupby(["init_gain", "lr", "n_iter"])["exact_match"].mean()
    return means.unstack("n_iter")
