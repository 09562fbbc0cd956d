"""Domains: halves of the digit pairs."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capsnet_study.common.errors import FileError
from capsnet_study.data.domains import PAIRS, DomainSplit, in_domain, split_domains, splits_of


@given(st.integers(0, 10_000))
def test_each_split_parts_all_pairs_and_leaves_every_digit_on_both_sides(seed):
    for split in split_domains(3, np.random.default_rng(seed)):
        assert len(split.a) == 22 and len(split.b) == 23
        assert sorted(split.a + split.b) == list(combinations(range(10), 2))
        for side in (split.a, split.b):
            assert {digit for pair in side for digit in pair} == set(range(10))


def test_splits_differ_and_depend_on_the_generator_alone():
    splits = split_domains(6, np.random.default_rng(0))
    assert len({tuple(split.a) for split in splits}) == 6
    assert splits[0] != split_domains(1, np.random.default_rng(1))[0]
    # One more split leaves the first ones as they were.
    assert splits[:5] == split_domains(5, np.random.default_rng(0))


def test_splits_are_read_as_they_are_stored():
    document = [{"b": [[4, 5]], "a": [[0, 1], [2, 3]]}, {"a": [[8, 9]], "b": [[6, 7]]}]
    first, second = splits_of(document)
    assert first == DomainSplit([(0, 1), (2, 3)], [(4, 5)])
    assert second == DomainSplit([(8, 9)], [(6, 7)])


@pytest.mark.parametrize(
    "document, place",
    [
        ({"a": []}, "whole file"),
        ([{"a": [[0, 1]]}], "0.b"),
        ([{"a": [[0, 1]], "b": [[2, 3, 4]]}], "0.b.0"),
    ],
)
def test_documents_without_splits_are_refused_with_file_and_place(document, place):
    with pytest.raises(FileError, match=rf"^data/domains\.json: {place}: [^\n]*$"):
        splits_of(document)


def test_an_image_is_in_a_domain_whatever_the_order_of_its_labels():
    labels = np.array([[1, 3], [3, 1], [1, 2], [9, 0], [0, 9], [9, 8]], dtype=np.uint8)
    found = in_domain(labels, [(1, 3), (0, 9)])
    assert found.tolist() == [True, True, False, True, True, False]
    assert not in_domain(labels, []).any()


def test_every_image_is_in_exactly_one_domain():
    rng = np.random.default_rng(0)
    labels = np.array([rng.permutation(pair) for pair in PAIRS * 3], dtype=np.uint8)
    for split in split_domains(3, rng):
        a, b = (in_domain(labels, side) for side in (split.a, split.b))
        assert (a ^ b).all() and a.sum() == 3 * 22
