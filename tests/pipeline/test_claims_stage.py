"""The stage of the claims: which arms, with which facts, and which seed it hands to the rules."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import yaml
from pytest import MonkeyPatch

from capsnet_study.common.storage import read_json, write_table
from capsnet_study.names import MAIN_MODELS
from capsnet_study.params import load_params
from capsnet_study.training.arms import BLOCKS
from stages import causes, claims, fitting
from tests import tables
from tests.pipeline.conftest import tiny_params
from tests.project import ROOT


@pytest.fixture
def study(tmp_path: Path, monkeypatch: MonkeyPatch) -> Path:
    """A folder with the parameters of a tiny study."""
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(tiny_params()))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_claims_on_mechanisms_are_judged_on_every_arm_with_its_block_and_its_facts(
    study: Path,
) -> None:
    params = load_params()
    history = pd.DataFrame({"trial": 0, "step": [0, 10], "epoch": [0, 1], "exact_match": [0, 0.5]})
    history = history.assign(effective_mass=3.0, effective_gradient=2.0, mass_0=0.5)
    arms = {arm: block for block in BLOCKS for arm in getattr(params, block)}
    for arm, block in arms.items():
        write_table(f"data/{block}/{arm}.csv", history)
    for arm in params.interventions.arms:
        write_table(
            f"data/interventions/{arm}.csv",
            tables.interventions({("shuffled", None, "both"): [0.1]}),
        )
    fitting.main()
    causes.main()
    write_table("plots/manifold.csv", tables.manifold(1, ["7-8"]))
    for model in MAIN_MODELS:
        write_table(f"plots/transfer_{model}.csv", tables.transfer(1, [model]))
    found = claims.read_tables()["mechanism"].set_index("arm")
    assert found["block"].to_dict() == arms
    assert found.loc["n3_sham", "couplings_of"] == "other"
    assert found.loc["n3", "n_iter"] == 3
    others = {arm for arm, block in arms.items() if block != "sweep"}
    assert set(read_json("metrics/ablations.json")) == others


def test_claims_are_judged_as_found_on_the_seed_of_the_trainings(
    study: Path, monkeypatch: MonkeyPatch
) -> None:
    seeds: list[int | None] = []

    def judged(*_: object, seed: int | None = None) -> dict:
        seeds.append(seed)
        return {}

    monkeypatch.setattr(claims, "read_tables", dict)
    monkeypatch.setattr(claims, "evaluate_claims", judged)
    monkeypatch.setattr(claims, "explore", lambda *_: {})
    (study / "claims.yaml").write_bytes((ROOT / "claims.yaml").read_bytes())
    claims.main()
    assert seeds == [load_params().train.seed]
