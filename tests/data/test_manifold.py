"""Manifold sets: one digit fixed, the other shifted over a grid."""

from itertools import product

import numpy as np
import pytest

from capsnet_study.data.manifold import make_manifold, shift_grid


@pytest.fixture
def dim_digits(digits):
    """Test digits dark enough that two of them never clip."""
    return digits.test_images // 2, digits.test_labels


def test_the_grid_goes_through_all_shifts_row_by_row():
    expected = list(product(range(-4, 5), repeat=2))
    assert [tuple(offset) for offset in shift_grid().tolist()] == expected


def test_the_first_digit_stays_centred_and_the_second_moves_by_each_offset(dim_digits):
    images, labels = dim_digits
    sets = make_manifold(*dim_digits, ["7-8", "3-5", "8-7"], 0)
    assert sets.pairs == ["7-8", "3-5", "8-7"]
    assert sets.images.shape == (3, 81, 36, 36) and sets.images.dtype == np.uint8
    assert np.array_equal(sets.offsets, shift_grid())
    assert labels[sets.digits].tolist() == [[7, 8], [3, 5], [8, 7]]
    for one_set, (fixed, moving) in zip(sets.images, sets.digits, strict=True):
        still = np.pad(images[fixed], 4).astype(int)
        for image, (down, right) in zip(one_set, sets.offsets, strict=True):
            moved = np.zeros((36, 36), dtype=int)
            moved[4 + down : 32 + down, 4 + right : 32 + right] = images[moving]
            assert np.array_equal(image - still, moved)


def test_the_seed_and_the_pair_determine_which_digits_are_drawn(dim_digits):
    def drawn(seed):
        return make_manifold(*dim_digits, ["7-8", "8-7", "7-9", "7-3"], seed).digits

    assert np.array_equal(drawn(0), drawn(0))
    assert not np.array_equal(drawn(0), drawn(1))
    assert len({*drawn(0)[[0, 2, 3], 0], drawn(0)[1, 1]}) > 1


def test_another_pair_leaves_the_digits_of_all_others(dim_digits):
    few = make_manifold(*dim_digits, ["7-8", "3-5"], 0)
    more = make_manifold(*dim_digits, ["0-1", "3-5", "7-9", "7-8"], 0)
    assert np.array_equal(few.digits, more.digits[[3, 1]])
    assert np.array_equal(few.images, more.images[[3, 1]])


def test_a_missing_digit_and_an_empty_list_of_pairs_are_refused(digits):
    few = np.flatnonzero(np.isin(digits.test_labels, [7, 8]))
    images, labels = digits.test_images[few], digits.test_labels[few]
    with pytest.raises(ValueError, match="no digit 3"):
        make_manifold(images, labels, ["7-8", "3-5"], 0)
    with pytest.raises(ValueError, match=r"manifold\.pairs"):
        make_manifold(images, labels, [], 0)
