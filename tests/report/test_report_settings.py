"""What the report tells of settings: how many agree with the main study, and all seeds together."""

from dataclasses import replace

from capsnet_study.claims.kinds import of_kind
from capsnet_study.report.render import VERDICTS, render_report
from capsnet_study.report.settings import (
    agreement,
    by_length,
    certain,
    other_settings,
    where_again,
    with_signs,
)
from capsnet_study.settings.params import Setting
from tests.report.markdown import rows_of, section_of
from tests.report.report_inputs import PARAMS, settings_record

CLAIMS = {"C1": {"verdict": "reproduced"}, "C2": {"verdict": "contradicted"}, "M1": {"verdict": ""}}


def test_settings_are_those_in_which_something_differs():
    titles = [setting["title"] for setting in other_settings(settings_record(CLAIMS))]
    assert titles == ["shorter training", "other seeds"]


def test_a_claim_counts_the_settings_that_could_judge_it():
    assert agreement(settings_record(CLAIMS)) == {"C1": "1 of 1", "C2": "1 of 2"}


def test_the_main_study_is_judged_as_the_settings_are():
    record = settings_record(CLAIMS)
    main = record["settings"]["main"]["claims"] = dict(record["settings"]["main"]["claims"])
    main["C2"] = {"verdict": "reproduced", "cautious": "reproduced"}
    assert agreement(record)["C2"] == "1 of 2"  # the other setting now, and not the short one
    del main["C1"]
    assert list(agreement(record)) == ["C2"]


def test_settings_that_agree_are_counted(results, report):
    rows = {row[0]: row[3] for row in rows_of(section_of(report, "All claims")) if len(row) == 5}
    assert (rows["C1"], rows["C2"], rows["C3"]) == ("1 of 1", "1 of 2", "–")
    assert "again in 1 other setting and on 1 other seed: settings." in report


def test_where_the_main_arms_were_trained_again_is_counted(results):
    record = settings_record(CLAIMS)
    assert where_again(record | {"seeds": None}) == "in 2 other settings: settings"
    del record["settings"]["short"]
    assert where_again(record) == "on 1 other seed: a setting"
    del record["settings"]["other"]
    alone = record | {"seeds": None}
    assert where_again(alone) == ""
    report = render_report(replace(results, settings=alone), PARAMS)
    assert "The main arms were trained in no other setting." in report


def test_lengths_are_told_in_their_order(results, report):
    told = "In 1 and 2 epochs three iterations reach 70.5 and 75.3 %, the CNN 66.5 and 69.5 %."
    assert told in report
    record = settings_record(CLAIMS)
    del record["settings"]["short"]["exact_match"]["cnn"]
    assert "**Length.**" not in render_report(replace(results, settings=record), PARAMS)
    settings = {"short": Setting(["n3", "cnn"], 2, train={"epochs": 1}, own_images=True)}
    assert by_length(results.settings, replace(PARAMS, settings=settings)) == ""


def test_effects_stand_beside_the_main_study_on_all_seeds(results, report):
    (row,) = (row for row in rows_of(report) if row[0] == "Routing: n = 3 less n = 1")
    assert row[1:] == ["+4.1 [+3.0, +5.2]", "+4.1 [+3.0, +5.2]", "1 of 1"]
    assert "main study, all seeds, n = 8" in report
    alone = render_report(replace(results, settings=results.settings | {"seeds": None}), PARAMS)
    assert "| main study |" in alone and "all seeds" not in alone


def test_verdicts_that_change_with_more_seeds_are_named(results, report):
    assert "these arms have 8 trials: no verdict of theirs changes." in report
    seeds = results.settings["seeds"]
    changed = seeds | {"claims": seeds["claims"] | {"C2": {"verdict": "not evaluated"}}}
    told = render_report(replace(results, settings=results.settings | {"seeds": changed}), PARAMS)
    assert "these arms have 8 trials: C2 is not evaluated." in told


def test_with_a_single_setting_effects_are_told_and_not_pooled(results):
    record = results.settings
    routing = record["effects"]["routing"]
    nothing = dict.fromkeys(("mean", "low", "high"))
    effects = {"routing": routing | {"pooled": nothing}}
    report = render_report(replace(results, settings=record | {"effects": effects}), PARAMS)
    (row,) = (row for row in rows_of(report) if row[0] == routing["title"])
    assert row[1:] == ["+4.1 [+3.0, +5.2]", "–", "1 of 1"]


def test_intervals_are_counted_on_the_side_of_the_mean_over_settings():
    below, across, above = (
        {"mean": mean, "low": mean - 0.01, "high": mean + 0.01} for mean in (-0.05, 0.0, 0.05)
    )
    settings = {"main": above, "short": below, "long": below, "rate": across}
    settings["wide"] = {"mean": -0.1, "low": None, "high": None}
    assert certain({"pooled": {"mean": -0.02}, "settings": settings}) == "2 of 4, 1 opposite"
    assert certain({"pooled": {"mean": 0.02}, "settings": settings}) == "1 of 4, 2 opposite"
    assert certain({"pooled": {"mean": None}, "settings": settings}) == "1 of 4, 2 opposite"


def test_claims_of_ours_that_settings_judge_are_counted(results, report, appendix):
    assert "Of ours they judge X7 (1 of 1).\n" in report
    rows = [row for row in rows_of(section_of(appendix, "Interventions")) if len(row) == 8]
    told = {row[0]: row[3] for row in rows if row[4] in VERDICTS}
    assert (told["X7"], told["X2"]) == ("1 of 1", "–")
    alone = replace(results, settings=settings_record(of_kind(results.claims, "paper")))
    assert "Of ours they judge" not in render_report(alone, PARAMS)


def test_signs_that_agree_where_the_verdict_does_not_are_told():
    main, other = (
        {"verdict": verdict, "cautious": verdict, "means": [-0.1, 0.2]}
        for verdict in ("reproduced", "inconclusive")
    )
    record = {
        "main": {"changed": "", "claims": {"X7": main}},
        "same": {"changed": "a", "claims": {"X7": other}},
        "turned": {"changed": "b", "claims": {"X7": other | {"means": [-0.1, -0.2]}}},
        "missing": {"changed": "c", "claims": {"X7": other | {"means": [-0.1, None]}}},
    }
    told = "X7 (0 of 3, but 1 with the same sign)"
    assert with_signs("X7", {"settings": record}) == told
    record["same"]["claims"] = {"X7": main}
    assert with_signs("X7", {"settings": record}) == "X7 (1 of 3)"


def test_best_is_told_against_best(results, report):
    assert "Best against best" not in report
    record = settings_record(results.claims)
    record["settings"]["tuned"] = {"title": "each arm at its best", "changed": "lr", "claims": {}}
    record["effects"] |= {
        name: {"title": name, "pooled": {"mean": None}}
        | {"settings": {"tuned": {"mean": mean, "low": mean - 0.01, "high": mean + 0.01}}}
        for name, mean in {"routing": 0.04, "many": -0.02, "capsules": 0.05}.items()
    }
    text = render_report(replace(results, settings=record), PARAMS)
    for told in (
        "three iterations end 4.0 points above uniform coupling [+3.0, +5.0],",
        "nine end 2.0 points below three [−3.0, −1.0] and",
        "three end 5.0 points above the CNN [+4.0, +6.0].",
    ):
        assert told in text
