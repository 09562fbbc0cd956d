"""Parts of claims in words."""

import pytest

from capsnet_study.claims.words import compared, measure_of, words_of
from tests import tables
from tests.tables import ARMS, CLAIMS, part_record

WORDS = words_of(ARMS)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"of": "capsnet", "minus": "unknown"}, "CapsNet minus unknown"),
        ({"kind": "correlation", "of": None, "group": "capsule_arms"}, "all CapsNet arms"),
        (
            {"kind": "difference_of_differences", "over": "n1", "minus_over": "cnn"},
            "(n = 7 minus n = 1) minus (n = 3 minus CNN)",
        ),
    ],
)
def test_a_part_names_what_it_compares(changes, text):
    assert compared(part_record(**changes), WORDS) == text


def test_a_short_comparison_names_once_what_both_arms_begin_with():
    part = part_record(of="n6_fitness", minus="n6_eta0p1")
    assert compared(part, WORDS) == "n = 6, η by fitness minus n = 6, η = 0.1"
    assert compared(part, WORDS, short=True) == "n = 6, η by fitness minus η = 0.1"
    assert compared(part_record(), WORDS, short=True) == "n = 7 minus n = 3"


def test_every_part_of_every_claim_has_words():
    records = tables.claim_records(fitting=tables.fitting_trials(tables.accuracies()))
    assert len(records) == len(CLAIMS)
    parts = [part for claim in records.values() for part in claim.parts]
    keys = {key for part in parts for key in (part.of, part.minus) if key}
    words = dict.fromkeys(keys, "an arm") | WORDS
    assert not any("_" in compared(part, words) + measure_of(part).name for part in parts)
