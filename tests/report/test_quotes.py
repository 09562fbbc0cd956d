"""What the text quotes, and paragraphs that presume verdicts."""

import doctest
from dataclasses import replace

import pytest

from capsnet_study.claims.records import JudgedClaim
from capsnet_study.report import quotes
from capsnet_study.report.numbers import Quoted
from capsnet_study.report.quotes import agreement, presumption
from capsnet_study.settings.results import (
    ClaimInSetting,
    JudgedSetting,
    SettingsResults,
)


def claim(verdict):
    words = dict.fromkeys(("section", "title", "paper", "rule"), "")
    return JudgedClaim(**words, kind="paper", control=False, verdict=verdict, parts=[])


def setting(changed="", **verdicts):
    claims = {id: ClaimInSetting(verdict, other, []) for id, (verdict, other) in verdicts.items()}
    return JudgedSetting("", changed, 3, {}, claims)


def test_examples_in_the_docstrings_hold():
    assert doctest.testmod(quotes).failed == 0


@pytest.mark.parametrize(
    ("verdict", "difference", "shown"),
    [
        ("reproduced", Quoted(0.1, 0.05, 0.2), True),
        ("inconclusive", Quoted(0.1, 0.05, 0.2), False),
        ("reproduced", Quoted(0.1, -0.05, 0.2), False),
        ("reproduced", Quoted(0.1), False),
        ("not evaluated", Quoted(), False),
    ],
)
def test_a_paragraph_is_shown_only_where_what_it_presumes_is_so(verdict, difference, shown):
    withheld = []
    presumes = presumption({"C2": claim(verdict)}, withheld)
    text = presumes("C2 reproduced", caller=lambda: "the paragraph", above=[difference])
    assert (text == "the paragraph") == shown == (not withheld)
    if verdict != "reproduced":
        assert f"C2 is {verdict}, not reproduced" in text


def test_a_paragraph_that_presumes_an_unknown_claim_is_refused():
    with pytest.raises(KeyError):
        presumption({}, [])("C2 reproduced", caller=str)


def test_agreement_counts_the_settings_that_can_judge_a_claim():
    same, other = ("reproduced",) * 2, ("inconclusive",) * 2
    settings = {
        "main": setting(C2=same),
        "a": setting("x", C2=same),
        "b": setting("x", C2=other),
        "c": setting("x", C2=("not evaluated",) * 2),
        "d": setting("x"),
    }
    results = SettingsResults(settings, {})
    assert agreement("C2", results) == "1 of 2"
    assert agreement("C3", results) == "–"
    cautious = settings | {"a": setting("x", C2=("reproduced", "inconclusive"))}
    assert agreement("C2", replace(results, settings=cautious)) == "1 of 2 (0 conservatively)"
