"""Charts of claims, faithfulness, transfer and other settings: that they hold what was found."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from capsnet_study.claims.methods import conservative_interval
from capsnet_study.claims.records import Claims
from capsnet_study.claims.tables import series_of
from capsnet_study.explorer.claim_chart import REACH, claim_rows, claims_chart, row_scale
from capsnet_study.explorer.faithfulness_chart import (
    ALL_MEASURES,
    faithfulness_chart,
    measure_rows,
    pair_rows,
)
from capsnet_study.explorer.setting_charts import (
    POOLED,
    effect_rows,
    effects_chart,
    verdict_rows,
    verdicts_chart,
)
from capsnet_study.explorer.sprites import sheets
from capsnet_study.explorer.transfer_chart import transfer_chart, transfer_rows
from capsnet_study.names import MAIN_MODELS, MODEL_NAMES, NULL_NAMES, SCHEMES
from capsnet_study.representation.params import MODELS
from capsnet_study.settings.results import (
    ClaimInSetting,
    EffectInSetting,
    EffectOverSettings,
    JudgedSetting,
    PooledEffect,
    SettingsResults,
)
from tests.figures.figure_inputs import nulls
from tests.tables import (
    PAIRS,
    accuracies,
    claim_record,
    claim_records,
    fitting,
    fitting_trials,
    manifold,
    offsets,
    part_record,
    transfer,
)

SETTINGS = SettingsResults(
    {
        "main": JudgedSetting(
            "main study", "", 5, {}, {"C1": ClaimInSetting("reproduced", "inconclusive", [])}
        ),
        "wide": JudgedSetting(
            "wide", "size", 1, {}, {"C1": ClaimInSetting("contradicted", "contradicted", [])}
        ),
    },
    {
        "soft": EffectOverSettings(
            "soft updates",
            {
                "main": EffectInSetting(0.02, 5, 0.01, 0.03, share_above=0.9),
                "wide": EffectInSetting(-0.01, 1, None, None, share_above=0.0),
            },
            PooledEffect(0.005, -0.01, 0.02),
        )
    },
)


def records() -> Claims:
    tables = {"manifold": manifold(), "transfer": transfer()}
    return claim_records(fitting=fitting_trials(accuracies()), **tables)


def data(chart) -> list[list[dict]]:
    """All tables of rows within a chart."""
    spec = chart.to_dict()
    held = [part.get("data", {}) for part in (spec, *spec["layer"])]
    return [one["values"] for one in held if "values" in one] + [*spec.get("datasets", {}).values()]


def test_every_part_of_every_claim_has_a_row_with_its_rule_and_verdict():
    claims = records()
    rows = pd.DataFrame(claim_rows(claims, fitting()))
    assert len(rows) == sum(len(claim.parts) for claim in claims.values())
    assert rows["row"].is_unique
    for id, claim in claims.items():
        own = rows[rows["claim"] == f"{id} {claim.title}"]
        assert set(own["rule"]) == {claim.rule} and set(own["verdict"]) == {claim.verdict}
        assert own["outcome"].tolist() == [part.outcome for part in claim.parts]


def test_numbers_of_a_part_are_shares_of_the_farthest_of_them():
    part = part_record(mean=-0.02, low=-0.04, high=0.01, side="within", bound=0.02)
    (row,) = claim_rows({"C1": claim_record(part)}, fitting())
    assert [row[name] for name in ("low", "mean", "high")] == [-1, -0.5, 0.25]
    assert (row["from"], row["to"]) == (-0.5, 0.5)
    assert row["words"].startswith("−2.00 [−4.00, +1.00] (n =")
    below = replace(part, side="below", bound=0.0)
    (row,) = claim_rows({"C1": claim_record(below)}, fitting())
    assert (row["from"], row["to"]) == (-REACH, 0)
    above = replace(part, side="above", bound=0.01)
    (row,) = claim_rows({"C1": claim_record(above)}, fitting())
    assert (row["from"], row["to"]) == (0.25, REACH)


@pytest.mark.parametrize("changes", [{"kind": "correlation"}, {"measure": "distance_spearman"}])
def test_the_scale_of_a_correlation_ends_at_1(changes):
    part = part_record(mean=-0.5, low=-0.75, high=0.25, **changes)
    assert row_scale(part) == 1.0
    assert row_scale(part_record(mean=-0.5, low=-0.75, high=0.25)) == 0.75


def test_claims_of_the_paper_are_shown_first_and_every_group_can_be():
    chart = claims_chart(records(), fitting()).to_dict()
    (shown,) = chart["params"]
    assert shown["value"] == "the paper, 3.1"
    rows = claim_rows(records(), fitting())
    assert set(shown["bind"]["options"]) == {row["group"] for row in rows}
    assert shown["bind"]["options"] == [
        f"{whose}, {section}"
        for whose in ("the paper", "causes")
        for section in ("3.1", "3.2", "3.3")
    ]


def test_measures_are_means_with_the_intervals_of_the_figure_and_null_maps():
    table = manifold()
    rows = pd.DataFrame(measure_rows(table, nulls()))
    models = rows[~rows["null"]]
    assert len(models) == len(ALL_MEASURES) * len(MODELS)
    found = models[(models["measure"] == "linear_r2") & (models["name"] == "CNN")].iloc[0]
    values = series_of("manifold", table, "cnn", "linear_r2")
    expected = conservative_interval(values)
    assert tuple(found[["low", "mean", "high"]]) == pytest.approx(
        (expected.low, expected.mean, expected.high), abs=1e-4
    )
    assert f"n = {len(values)}" in found["words"]
    assert set(rows.loc[rows["null"], "measure"]) == set(nulls())


def test_null_maps_have_the_mean_and_the_ends_of_their_draws():
    record = {"chamfer_zscore": {"noise": {"mean": 0.45, "low": 0.4, "high": 0.55}}}
    (found,) = [row for row in measure_rows(manifold(), record) if row["null"]]
    assert (found["low"], found["mean"], found["high"]) == (0.4, 0.45, 0.55)
    assert (found["name"], found["words"]) == (
        NULL_NAMES["noise"], "0.4500 [0.4000, 0.5500] of its draws"
    )  # fmt: skip


def test_ticks_are_means_over_trials_of_each_pair():
    table = manifold()
    rows = pd.DataFrame(pair_rows(table)).set_index(["name", "pair"])
    assert len(rows) == len(MODELS) * len(PAIRS)
    own = table[(table["model"] == "capsnet") & (table["pair"] == "7-8")]
    assert rows.loc[("CapsNet", "fixed 7, moving 8"), "continuity"] == pytest.approx(
        own["continuity"].mean(), abs=1e-4
    )


def test_drops_are_from_base_of_the_same_split_and_direction():
    table = transfer()
    rows = pd.DataFrame(transfer_rows(table))
    assert len(rows) == len(table) == len(MAIN_MODELS) * 2 * 2 * len(SCHEMES)
    place = (table["model"] == "cnn") & (table["split"] == 1) & (table["direction"] == "BA")
    own = table[place].set_index("scheme")["exact_match"]
    found = rows[(rows["model"] == "CNN") & (rows["unit"] == "split 1, B to A")]
    found = found.set_index("scheme")
    np.testing.assert_allclose(found["drop"], own["base"] - own, atol=1e-5)
    np.testing.assert_allclose(found["match"], own, atol=1e-5)
    assert found.loc["base", "drop"] == 0
    drop = f"{100 * (own['base'] - own['A1B']):+.1f} points".replace("-", "−")
    assert found.loc["A1B", "words"] == drop


def test_transfer_draws_whatever_models_and_schemes_there_are():
    table = transfer(models=["capsnet", "cnn"])
    table = table[table["scheme"] == "B1B"]
    rows = transfer_rows(table)
    assert len(rows) == 8 and "drop" not in rows[0]
    params = {one["name"]: one for one in transfer_chart(table).to_dict()["params"]}
    assert params["scheme"]["value"] == "B1B"
    empty = table.iloc[:0]
    assert transfer_rows(empty) == [] and transfer_chart(empty).to_dict()


def test_settings_have_a_cell_for_each_claim_and_a_sign_for_each_verdict():
    rows = verdict_rows(SETTINGS, {"C1": claim_record(title="Training saturates")})
    assert [(row["setting"], row["verdict"], row["sign"]) for row in rows] == [
        ("main study", "reproduced", "✓"), ("wide", "contradicted", "✗")
    ]  # fmt: skip
    assert rows[0]["conservative"] == "inconclusive"
    assert rows[1]["changed"] == "size" and rows[1]["title"] == "C1 Training saturates"
    assert data(verdicts_chart(SETTINGS, {}))[0][0]["title"] == "C1"


def test_effects_are_in_points_and_pooled_last():
    rows = effect_rows(SETTINGS)
    assert [row["setting"] for row in rows] == ["main study", "wide", POOLED]
    assert [row["pooled"] for row in rows] == [False, False, True]
    assert [(row["low"], row["mean"], row["high"]) for row in rows] == [
        (1, 2, 3), (-1, -1, -1), (-1, 0.5, 2)
    ]  # fmt: skip
    assert rows[0]["words"] == "+2.00 points [+1.00, +3.00] (n = 5)"
    assert rows[1]["words"] == "−1.00 points (one trial)"
    assert rows in data(effects_chart(SETTINGS))


def test_one_setting_has_nothing_to_pool():
    soft = replace(SETTINGS.effects["soft"], pooled=None)
    rows = effect_rows(replace(SETTINGS, effects={"soft": soft}))
    assert [row["setting"] for row in rows] == ["main study", "wide"]


@pytest.mark.parametrize(
    "make, rows",
    [
        (lambda: claims_chart(records(), fitting()), claim_rows(records(), fitting())),
        (lambda: faithfulness_chart(manifold(), nulls()), measure_rows(manifold(), nulls())),
        (lambda: faithfulness_chart(manifold(), nulls()), pair_rows(manifold())),
        (lambda: transfer_chart(transfer()), transfer_rows(transfer())),
    ],
    ids=["claims", "measures", "pairs", "transfer"],
)
def test_charts_hold_their_rows(make, rows):
    assert rows and rows in data(make())


def test_a_sheet_holds_the_image_of_every_shift_in_its_place(decode):
    images = np.zeros((81, 4, 4), dtype=np.uint8)
    images[:, 1, 2] = np.arange(81) * 3  # the brightest: 240
    sheet = decode(sheets({"7-8": images}, offsets())["7-8"])
    assert sheet.shape == (36, 36)
    tile = sheet.reshape(9, 4, 9, 4)[8, :, 7, :]  # row offset 4, column offset 3
    assert abs(int(tile[1, 2]) - (255 - 3 * 79)) <= 8 and (np.delete(tile, 6) == 255).all()


@pytest.fixture
def decode():
    """The grey values of a PNG within an address."""
    from base64 import b64decode
    from io import BytesIO

    from PIL import Image

    def grey(address: str) -> np.ndarray:
        content = b64decode(address.removeprefix("data:image/png;base64,"))
        return np.array(Image.open(BytesIO(content)).convert("L"))

    return grey


def test_models_are_called_as_everywhere():
    assert {row["model"] for row in transfer_rows(transfer())} == {
        MODEL_NAMES[model] for model in MAIN_MODELS
    }
