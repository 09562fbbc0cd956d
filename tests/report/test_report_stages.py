"""Which records of stages the report counts."""

from dataclasses import replace

import pytest

from stages.report import is_there
from tests.report.report_inputs import PARAMS

THERE = (
    "digits",
    "embed@cnn",
    "sweep@n3",
    "ablations@n9_late",
    "yoked@n3_as_n9",
    "interventions@n3",
    "settings@short",
)
REMOVED = (
    "sweep@n4",
    "ablations@n3",
    "yoked@n3",
    "interventions@n9_late",
    "settings@slow",
)


@pytest.mark.parametrize("stage", THERE)
def test_stages_of_the_parameters_count(stage: str) -> None:
    assert is_there(stage, PARAMS)


@pytest.mark.parametrize("stage", REMOVED)
def test_stages_that_were_removed_do_not(stage: str) -> None:
    assert not is_there(stage, PARAMS)


def test_an_arm_whose_couplings_are_no_longer_changed_does_not_count() -> None:
    fewer = replace(PARAMS, interventions=replace(PARAMS.interventions, arms=["n9"]))
    assert is_there("interventions@n3", PARAMS) and not is_there("interventions@n3", fewer)
