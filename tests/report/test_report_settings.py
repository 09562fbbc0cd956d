"""What the report tells of settings: how many agree with the main study, and all seeds together."""

from dataclasses import replace
from typing import Any

from capsnet_study.claims.records import OUTCOMES, of_kind
from capsnet_study.report.render import render_report
from capsnet_study.report.settings import (
    agreement,
    by_length,
    certain,
    other_settings,
    where_again,
    with_signs,
)
from capsnet_study.settings.params import Setting
from capsnet_study.settings.results import (
    ClaimInSetting,
    EffectInSetting,
    EffectOverSettings,
    JudgedSetting,
    PooledEffect,
    SettingsResults,
)
from tests.report.markdown import rows_of, section_of
from tests.report.report_inputs import PARAMS, judged_in, settings_results
from tests.tables import claim_record

CLAIMS = {
    "C1": claim_record(verdict="reproduced"),
    "C2": claim_record(verdict="contradicted"),
    "M1": claim_record(),
}


def with_setting(results: SettingsResults, name: str, **changes: Any) -> SettingsResults:
    """The same with one setting changed, or a new one."""
    setting = results.settings.get(name, JudgedSetting(name, name, 3, {}, {}))
    return replace(results, settings=results.settings | {name: replace(setting, **changes)})


def without(results: SettingsResults, *names: str) -> SettingsResults:
    kept = {name: one for name, one in results.settings.items() if name not in names}
    return replace(results, settings=kept)


def test_settings_are_those_in_which_something_differs():
    titles = [setting.title for setting in other_settings(settings_results(CLAIMS))]
    assert titles == ["shorter training", "other seeds"]


def test_a_claim_counts_the_settings_that_could_judge_it():
    assert agreement(settings_results(CLAIMS)) == {"C1": "1 of 1", "C2": "1 of 2"}


def test_the_main_study_is_judged_as_the_settings_are():
    results = settings_results(CLAIMS)
    main = results.settings["main"].claims | {"C2": judged_in("reproduced")}
    changed = with_setting(results, "main", claims=main)
    assert agreement(changed)["C2"] == "1 of 2"  # the other setting now, and not the short one
    fewer = with_setting(results, "main", claims={"C2": main["C2"]})
    assert list(agreement(fewer)) == ["C2"]


def test_settings_that_agree_by_conservative_intervals_are_counted_where_they_differ():
    open_ = ClaimInSetting("reproduced", "inconclusive", [])
    results = with_setting(settings_results(CLAIMS), "short", claims={"C1": open_})
    assert agreement(results) == {"C1": "1 of 1, conservatively 0", "C2": "0 of 1"}


def test_settings_that_agree_are_counted(results, report):
    rows = {row[0]: row[3] for row in rows_of(section_of(report, "All claims")) if len(row) == 5}
    assert (rows["C1"], rows["C2"], rows["C3"]) == ("1 of 1", "1 of 2", "–")
    assert "again in 1 other setting and on 1 other seed: settings." in report


def test_where_the_main_arms_were_trained_again_is_counted(results):
    found = settings_results(CLAIMS)
    assert where_again(replace(found, seeds=None)) == "in 2 other settings: settings"
    assert where_again(without(found, "short")) == "on 1 other seed: a setting"
    alone = replace(without(found, "short", "other"), seeds=None)
    assert where_again(alone) == ""
    report = render_report(replace(results, settings=alone), PARAMS)
    assert "The main arms were trained in no other setting." in report


def test_lengths_are_told_in_their_order(results, report):
    told = "In 1 and 2 epochs three iterations reach 70.5 and 75.3 %, the CNN 66.5 and 69.5 %."
    assert told in report
    changed = with_setting(settings_results(CLAIMS), "short", exact_match={"n3": 0.705})
    assert "**Length.**" not in render_report(replace(results, settings=changed), PARAMS)
    settings = {"short": Setting(["n3", "cnn"], 2, train={"epochs": 1}, own_images=True)}
    assert by_length(results.settings, replace(PARAMS, settings=settings)) == ""


def test_effects_are_beside_the_main_study_on_all_seeds(results, report):
    (row,) = (row for row in rows_of(report) if row[0] == "Routing: n = 3 less n = 1")
    assert row[1:] == ["+4.1 [+3.0, +5.2]", "+4.1 [+3.0, +5.2]", "1 of 1"]
    assert "main study, all seeds, n = 8" in report
    alone = replace(results, settings=replace(results.settings, seeds=None))
    text = render_report(alone, PARAMS)
    assert "| main study |" in text and "all seeds" not in text


def test_verdicts_that_change_with_more_seeds_are_named(results, report):
    assert "these arms have 8 trials: no verdict of theirs changes." in report
    seeds = results.settings.seeds
    changed = replace(seeds, claims=seeds.claims | {"C2": judged_in("not evaluated")})
    settings = replace(results.settings, seeds=changed)
    told = render_report(replace(results, settings=settings), PARAMS)
    assert "these arms have 8 trials: C2 is not evaluated." in told


def test_with_a_single_setting_effects_are_not_pooled(results):
    routing = replace(results.settings.effects["routing"], pooled=None)
    settings = replace(results.settings, effects={"routing": routing})
    report = render_report(replace(results, settings=settings), PARAMS)
    (row,) = (row for row in rows_of(report) if row[0] == routing.title)
    assert row[1:] == ["+4.1 [+3.0, +5.2]", "–", "1 of 1"]


def effect(pooled: float | None, **means: float) -> EffectOverSettings:
    """An effect with these means by setting, each a point on either side."""
    settings = {
        name: EffectInSetting(mean, 3, mean - 0.01, mean + 0.01, share_above=0.5)
        for name, mean in means.items()
    }
    over = None if pooled is None else PooledEffect(pooled, pooled - 0.01, pooled + 0.01)
    return EffectOverSettings("an effect", settings, over)


def test_intervals_are_counted_on_the_side_of_the_mean_over_settings():
    for pooled, told in ((-0.02, "2 of 4, 1 opposite"), (0.02, "1 of 4, 2 opposite")):
        found = effect(pooled, main=0.05, short=-0.05, long=-0.05, rate=0.0)
        one_trial = {"wide": EffectInSetting(-0.1, 1, None, None, share_above=0.5)}
        assert certain(replace(found, settings=found.settings | one_trial)) == told
    assert certain(effect(None, main=0.05, short=-0.05, long=-0.05, rate=0.0)) == (
        "1 of 4, 2 opposite"
    )
    assert certain(effect(0.05, main=0.05)) == "1 of 1"


def test_claims_of_ours_that_settings_judge_are_counted(results, report, appendix):
    assert "Of ours they judge X7 (1 of 1).\n" in report
    rows = [row for row in rows_of(section_of(appendix, "Interventions")) if len(row) == 8]
    told = {row[0]: row[3] for row in rows if row[4] in OUTCOMES}
    assert (told["X7"], told["X2"]) == ("1 of 1", "–")
    alone = replace(results, settings=settings_results(of_kind(results.claims, "paper")))
    assert "Of ours they judge" not in render_report(alone, PARAMS)


def test_signs_that_agree_where_the_verdict_does_not_are_counted():
    means = {"main": [-0.1, 0.2], "same": [-0.1, 0.2], "turned": [-0.1, -0.2]}
    means |= {"missing": [-0.1, None]}
    settings = {
        name: JudgedSetting(name, "" if name == "main" else name, 3, {}, {"X7": judged})
        for name, found in means.items()
        for judged in [judged_in("reproduced" if name == "main" else "inconclusive", *found)]
    }
    results = SettingsResults(settings, {})
    assert with_signs("X7", results) == "X7 (0 of 3, but 1 with the same sign)"
    same = with_setting(results, "same", claims=settings["main"].claims)
    assert with_signs("X7", same) == "X7 (1 of 3)"


def test_best_is_told_against_best(results, report):
    assert "Best against best" not in report
    found = settings_results(results.claims)
    tuned = {
        name: effect(None, tuned=mean)
        for name, mean in {"routing": 0.04, "many": -0.02, "capsules": 0.05}.items()
    }
    found = with_setting(replace(found, effects=tuned), "tuned")
    text = render_report(replace(results, settings=found), PARAMS)
    for told in (
        "three iterations end 4.0 points above uniform coupling [+3.0, +5.0],",
        "nine end 2.0 points below three [−3.0, −1.0] and",
        "three end 5.0 points above the CNN [+4.0, +6.0].",
    ):
        assert told in text
