"""Exact match and recall."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from capsnet_study.training.accuracy import digit_recall, exact_match


def scores_of(*digits: int) -> torch.Tensor:
    """Return ten scores, the named digits highest, in falling order."""
    scores = torch.linspace(0.1, 0.0, 10)
    for rank, digit in enumerate(digits):
        scores[digit] = 0.9 - 0.1 * rank
    return scores


def test_one_right_digit_of_two_earns_nothing():
    scores = torch.stack([scores_of(3, 5), scores_of(5, 3), scores_of(3, 7), scores_of(1, 3, 5)])
    assert exact_match(scores, torch.tensor([[3, 5]] * 4)).tolist() == [True, True, False, False]


def test_a_dead_network_is_right_for_the_first_pair_only():
    hits = exact_match(torch.zeros(45, 10), torch.combinations(torch.arange(10)))
    assert hits.tolist() == [True] + [False] * 44


@given(st.integers(0, 10_000))
def test_exact_match_compares_sets(seed):
    generator = torch.Generator().manual_seed(seed)
    scores = torch.rand(30, 10, generator=generator)
    labels = torch.stack([torch.randperm(10, generator=generator)[:2] for _ in range(30)])
    labels[:10] = scores[:10].argsort(descending=True)[:, :2].flip(1)
    expected = [
        set(sorted(range(10), key=row.__getitem__)[-2:]) == set(pair)
        for row, pair in zip(scores.tolist(), labels.tolist(), strict=True)
    ]
    assert exact_match(scores, labels.to(torch.uint8)).tolist() == expected


def test_recall_counts_the_images_that_hold_the_digit():
    scores = torch.stack([scores_of(0, 1), scores_of(0, 2), scores_of(3, 4)])
    recall = digit_recall(scores, torch.tensor([[0, 1], [1, 0], [2, 3]]))
    assert recall[:4].tolist() == [1.0, 0.5, 0.0, 1.0]
    assert recall[4:].isnan().all()
