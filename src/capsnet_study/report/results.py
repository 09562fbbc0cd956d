"""All results that the report quotes, parsed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from capsnet_study.claims.records import Claims, Exploration
from capsnet_study.settings.results import SettingsResults
from capsnet_study.training.arms import Arms

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Results:
    """The metrics files and tables that the report is made of, beside the parameters.

    Attributes
    ----------
    claims, exploratory, settings
        The metrics file of that name, typed.
    data, domains, manifold
        The metrics file of that name.
    sweep, ablations
        Records by arm: ``metrics/fitting.json`` and ``metrics/ablations.json``.
    train, transfer
        Records by model: capsnet, uniform, cnn.
    sweep_arms, ablation_arms
        The arms of ``plots/fitting.csv``, and those of ``plots/ablations.csv``.
    interventions, maps, sensitivity
        ``plots/interventions.csv``, ``plots/manifold.csv`` and ``plots/manifold_sensitivity.csv``.
    search, earlier
        ``scripts/search.csv`` and ``scripts/earlier_runs.csv``.
    runtime
        The rows of ``metrics/runtime.csv``.
    """

    claims: Claims
    exploratory: Exploration
    settings: SettingsResults
    data: Record
    domains: Record
    manifold: Record
    sweep: Record
    ablations: Record
    train: Mapping[str, Record]
    transfer: Mapping[str, Record]
    sweep_arms: Arms
    ablation_arms: Arms
    interventions: pd.DataFrame
    maps: pd.DataFrame
    sensitivity: pd.DataFrame
    search: pd.DataFrame
    earlier: pd.DataFrame
    runtime: Sequence[Record]
