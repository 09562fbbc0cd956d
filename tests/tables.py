"""Made-up results: one builder per table and record that claims, figures and pages read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from capsnet_study.claims.declarations import Claim, parse_claims
from capsnet_study.claims.records import Claims, JudgedClaim, JudgedPart, from_json, to_json
from capsnet_study.claims.verdicts import evaluate_claims
from capsnet_study.common.storage import read_json, read_yaml, write_json
from capsnet_study.fitting.tables import TRIAL_COLUMNS
from capsnet_study.names import (
    CHAMFER,
    FAITHFULNESS,
    MAIN_MODELS,
    OF_R2,
    RAW_FAITHFULNESS,
    SCHEMES,
)
from capsnet_study.representation.params import MODELS
from capsnet_study.training.arms import Arm, CapsNetArm, CNNArm, facts_of
from tests.project import ROOT

ARMS: dict[str, Arm] = {
    **{f"n{n}": CapsNetArm(n, 1.0, model="capsnet") for n in (1, 2, 3, 5, 7, 9)},
    "n6_eta0p01": CapsNetArm(6, 0.01, model="capsnet"),
    "n6_eta0p1": CapsNetArm(6, 0.1, model="capsnet"),
    "n6_eta0p5": CapsNetArm(6, 0.5, model="capsnet"),
    "n6_eta1": CapsNetArm(6, 1.0, model="capsnet"),
    "n6_fitness": CapsNetArm(6, 0.01, "full", 1.0, model="capsnet"),
    "n3_last": CapsNetArm(3, 1.0, "last", model="capsnet"),
    "n7_last": CapsNetArm(7, 1.0, "last", model="capsnet"),
    "n3_gain0p25": CapsNetArm(3, 1.0, model="capsnet", init_gain=0.25),
    "n9_gain0p25": CapsNetArm(9, 1.0, model="capsnet", init_gain=0.25),
    "cnn": CNNArm("cnn"),
    "cnn160": CNNArm("cnn160"),
}
STEPS = (0, 4, 16, 64, 256)
PAIRS = ("7-8", "3-5", "0-1")
WITHOUT_TRIALS = ("pixels", "pca")
CLAIMS: list[Claim] = parse_claims(read_yaml(ROOT / "claims.yaml"))


def some_arms(*keys: str) -> dict[str, Arm]:
    return {key: ARMS[key] for key in keys}


def fitting(arms: Mapping[str, Arm] = ARMS, trials: int = 3) -> pd.DataFrame:
    """Return the table ``plots/fitting.csv``: accuracy rises, entropy falls with eta."""
    rng = np.random.default_rng(0)
    rows = []
    for key, arm in arms.items():
        for trial in range(trials):
            for progress, step in enumerate(STEPS):
                match = 0.02 + 0.2 * progress + rng.uniform(0, 0.02)
                place = facts_of(key, arm) | {"trial": trial, "step": step, "exact_match": match}
                share = 1 - 0.1 * progress * arm.eta if isinstance(arm, CapsNetArm) else np.nan
                rows.append(place | _couplings(share, rng.uniform(0.8, 0.9) * share))
    return pd.DataFrame(rows)


def _couplings(r1: float, r2: float) -> dict[str, float]:
    """Return what is measured of couplings whose H / log J is `r1` and `r2`; a CNN has NaN."""
    found = {"entropy_share_r1": r1, "entropy_share_r2": r2, "dead_share": 0.01 * r1}
    found |= {"entropy_r1": r1 * np.log(10), "entropy_r2": r2 * np.log(10)}
    return found | {"mi_r1": 1.1 - r1, "mi_r2": 0 * r2 - 1e-9}


def accuracies(arms: Mapping[str, Arm] = ARMS, trials: int = 3) -> dict[str, np.ndarray]:
    """Return exact matches of some trials of each arm."""
    rng = np.random.default_rng(0)
    return {key: rng.uniform(0.65, 0.7, trials) for key in arms}


def fitting_trials(
    exact_match: Mapping[str, Sequence[float] | np.ndarray], arms: Mapping[str, Arm] = ARMS
) -> pd.DataFrame:
    """Return the table ``plots/fitting_trials.csv`` with these exact matches.

    All other measures are noise; early entropies of many arms are similar, as real ones are.
    """
    rng = np.random.default_rng(0)
    rows = [
        facts_of(key, arms[key]) | {"trial": trial, "exact_match": value}
        for key, values in exact_match.items()
        for trial, value in enumerate(values)
    ]
    table = pd.DataFrame(rows)
    noise = pd.DataFrame(rng.normal(size=(len(rows), len(TRIAL_COLUMNS) - 3)))
    table[TRIAL_COLUMNS[3:]] = noise
    table["entropy_at_tenth"] = 2.3 - 0.3 * rng.random(len(rows)) ** 4
    table.loc[table["model"] != "capsnet", [*OF_R2, *OF_R2.values()]] = np.nan
    return table


def mechanism(
    exact_match: Mapping[str, Sequence[float] | np.ndarray], arms: Mapping[str, Arm] = ARMS
) -> pd.DataFrame:
    """Return the table ``plots/trials.csv`` with these exact matches.

    Arms that are not among `arms` route as n3 does and are of the block ``ablations``.
    """
    known = {key: arms.get(key, ARMS["n3"]) for key in exact_match}
    table = fitting_trials(exact_match, known)
    return table.assign(block=np.where(table["arm"].isin(list(arms)), "sweep", "ablations"))


def interventions(losses: Mapping[tuple[str, float | None, str], Sequence[float]]) -> pd.DataFrame:
    """Return the table ``plots/interventions.csv`` of n = 3 with these losses of exact match."""
    trials = range(max(map(len, losses.values())))
    rows = [("none", None, "both", trial, 0.7) for trial in trials]
    for change, found in losses.items():
        rows += [(*change, trial, 0.7 - loss) for trial, loss in enumerate(found)]
    columns = ["change", "value", "layer", "trial", "exact_match"]
    table = pd.DataFrame(rows, columns=columns).astype({"value": float})
    return table.assign(arm="n3")


def manifold(
    trials: int = 2, pairs: Sequence[str] = PAIRS, models: Sequence[str] = MODELS
) -> pd.DataFrame:
    """Return the table ``plots/manifold.csv``, of noise."""
    rows = [
        {"model": model, "trial": trial, "pair": pair}
        for model in models
        for trial in range(1 if model in WITHOUT_TRIALS else trials)
        for pair in pairs
    ]
    measures = [*CHAMFER, *FAITHFULNESS, *RAW_FAITHFULNESS]
    noise = np.random.default_rng(1).random((len(rows), len(measures)))
    return pd.DataFrame(rows).join(pd.DataFrame(noise, columns=measures))


def transfer(splits: int = 2, models: Sequence[str] = MAIN_MODELS) -> pd.DataFrame:
    """Return the tables ``plots/transfer_<model>.csv`` in one, of noise."""
    rows = [
        {"model": model, "split": split, "direction": direction, "scheme": scheme}
        for model in models
        for split in range(splits)
        for direction in ("AB", "BA")
        for scheme in SCHEMES
    ]
    noise = np.random.default_rng(2).uniform(0.5, 0.9, len(rows))
    return pd.DataFrame(rows).assign(exact_match=noise)


def offsets() -> np.ndarray:
    """Return the 81 shifts, in the order of images and maps."""
    return np.array([(dr, dc) for dr in range(-4, 5) for dc in range(-4, 5)])


def maps(
    models: Sequence[str] = ("capsnet", "cnn"), pairs: Sequence[str] = ("3-5", "7-8")
) -> pd.DataFrame:
    """Return the table ``plots/manifold_maps.csv``: grids, each higher and farther to the right."""
    grid = pd.DataFrame(offsets(), columns=["dr", "dc"])
    keys = [(model, pair) for model in models for pair in pairs]
    parts = [
        grid.assign(
            model=model, pair=pair, x=100.0 * place + grid["dc"], y=(place + 2.0) * grid["dr"]
        )
        for place, (model, pair) in enumerate(keys)
    ]
    return pd.concat(parts, ignore_index=True)


def claim_records(**tables: pd.DataFrame) -> Claims:
    """Return the claims judged on these tables, as ``metrics/claims.json`` holds them."""
    return stored(evaluate_claims(CLAIMS, tables), Claims)


def claim_record(*parts: JudgedPart, **changes: Any) -> JudgedClaim:
    """Return a claim with these parts; its verdict is the outcome of the first unless given."""
    claim = {"kind": "paper", "section": "3.1", "title": "t", "paper": "p", "rule": "r"}
    claim |= {"control": False, "verdict": parts[0].outcome if parts else "not evaluated"}
    return JudgedClaim(**claim | changes, parts=list(parts))


def part_record(**changes: Any) -> JudgedPart:
    """Return a part of a claim, n = 7 minus n = 3, two points lower, with changed fields."""
    part = {
        "kind": "difference",
        "table": "fitting",
        "measure": "exact_match",
        "of": "n7",
        "minus": "n3",
        "expect": "below 0",
    }
    claim = {"id": "X1", "section": "3.1", "title": "t", "paper": "p", "rule": "r", "parts": [part]}
    table = fitting_trials({"n3": [0.61, 0.62, 0.63], "n7": [0.58, 0.60, 0.62]})
    judged = evaluate_claims(parse_claims([claim]), {"fitting": table})
    return replace(judged["X1"].parts[0], **changes)


def stored(record: Any, kind: Any) -> Any:
    """Return a typed record as it comes back from its metrics file."""
    with TemporaryDirectory() as folder:
        write_json(Path(folder) / "record.json", to_json(record))
        return from_json(read_json(Path(folder) / "record.json"), kind)
