"""The stages that train arms in other settings, and gather them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import yaml

from capsnet_study.common.errors import ParameterError
from capsnet_study.common.storage import read_json, read_table
from capsnet_study.training.arms import Block
from capsnet_study.worlds.effects import effects_of
from stages import digits, multimnist, sweep, world, worlds
from tests.pipeline.conftest import tiny_params
from tests.project import ROOT

AS_MAIN = {"train": {"lr_cnn": 0.5}}  # which no CapsNet has


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the parameters of a tiny study; one world is the main study to a CapsNet."""
    params = tiny_params()
    params["train"]["trials"] = 2
    params["worlds"] = {
        "arms": ["n1", "n3"],
        "trials": 3,
        "settings": {
            "same": AS_MAIN,
            "images": {"own_images": True},
            "seed9": {"train": {"seed": 9}},
        },
        "mechanism": {"arms": ["n3_sham"], "worlds": ["same"]},
    }
    params["mechanism"]["n3_tuned"] = params["sweep"]["n3"] | {"lr": 0.02}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    (tmp_path / "claims.yaml").write_bytes((ROOT / "claims.yaml").read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_world_in_which_nothing_differs_is_the_main_study(study: Path) -> None:
    digits.main()
    multimnist.main()
    for arm in ("n1", "n3"):
        sweep.main(arm)
        for name in ("same", "images", "seed9"):
            world.main(name, arm)
    main, same, other = (
        read_table(f"data/{path}.csv")
        for path in ("sweep/n3", "worlds/same-n3", "worlds/images-n3")
    )
    sweep.main("n3_tuned", "mechanism")
    sweep.main("n3_sham", "mechanism")
    world.main("same", "n3_sham", "mechanism")
    sham, again = (
        read_table(f"data/{path}.csv") for path in ("mechanism/n3_sham", "worlds/same-n3_sham")
    )
    for study_trials, world_trials in ((main, same), (sham, again)):
        assert set(world_trials["trial"]) == {0, 1, 2}
        pd.testing.assert_frame_equal(study_trials, world_trials[world_trials["trial"] < 2])
    assert not main["loss"].equals(other["loss"])

    worlds.main()
    table = read_table("plots/worlds.csv")
    assert table.groupby(["world", "arm"], sort=False).size().to_dict() == {
        (name, arm): trials
        for name, trials in {"main": 2, "same": 3, "images": 3, "seed9": 3}.items()
        for arm in ("n1", "n3")
    } | {("tuned", "n3"): 2, ("main", "n3_sham"): 2, ("same", "n3_sham"): 3}
    tuned, usual = (
        table.query("world == @name and arm == 'n3'")["entropy_last"] for name in ("tuned", "main")
    )
    assert not set(tuned) & set(usual)
    record = read_json("metrics/worlds.json")
    assert set(record["worlds"]) == {"main", "tuned", "same", "images", "seed9"}
    assert record["worlds"]["seed9"]["changed"] == "train.seed = 9"
    assert "X4" in record["worlds"]["main"]["claims"]
    assert "X4" not in record["worlds"]["images"]["claims"]
    routing = record["effects"]["routing"]["worlds"]
    assert (record["seeds"]["trials"], record["seeds"]["changed"]) == (5, "train.seed = 1, 9")
    both = record["seeds"]["effects"]["routing"]
    assert both["n"] == 5
    assert both["mean"] == pytest.approx(
        (2 * routing["main"]["mean"] + 3 * routing["seed9"]["mean"]) / 5, abs=1e-5
    )
    pooled = effects_of(table, ["seed9"])["routing"]["pooled"]  # one setting with the main study
    assert record["effects"]["routing"]["pooled"] == pytest.approx(pooled, abs=1e-5)


@pytest.mark.parametrize(
    "name, arm, block, told",
    [
        ("nowhere", "n1", "sweep", "no world 'nowhere'; there are same, images, seed9"),
        ("same", "n4", "sweep", "sweep 'n4'"),
        ("same", "n3", "mechanism", "no arm of mechanism 'n3'"),
    ],
)
def test_what_is_not_in_the_parameters_is_named(
    name: str, arm: str, block: Block, told: str, study: Path
) -> None:
    with pytest.raises(ParameterError, match=told):
        world.main(name, arm, block)
    assert not (study / "data" / "worlds").exists()
