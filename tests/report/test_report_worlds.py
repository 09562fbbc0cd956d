"""How many worlds agree with the main study."""

from capsnet_study.report.worlds import agreement, other_worlds
from tests.report.report_inputs import worlds_record

CLAIMS = {"C1": {"verdict": "reproduced"}, "C2": {"verdict": "contradicted"}, "M1": {"verdict": ""}}


def test_worlds_are_those_in_which_something_differs():
    titles = [world["title"] for world in other_worlds(worlds_record(CLAIMS))]
    assert titles == ["shorter training", "other seeds"]


def test_a_claim_counts_the_worlds_that_could_judge_it():
    assert agreement(worlds_record(CLAIMS)) == {"C1": "1 of 1", "C2": "1 of 2"}


def test_the_main_study_is_judged_as_the_worlds_are():
    record = worlds_record(CLAIMS)
    main = record["worlds"]["main"]["claims"] = dict(record["worlds"]["main"]["claims"])
    main["C2"] = {"verdict": "reproduced"}
    assert agreement(record)["C2"] == "1 of 2"  # the other world now, and not the short one
    del main["C1"]
    assert list(agreement(record)) == ["C2"]
