"""Multi-MNIST images: pairs of digits of different class, shifted and overlaid."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capsnet_study.data.multimnist import describe_images, make_multimnist


def noise(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 28, 28), dtype=np.uint8)


def placed(digit: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Return a digit alone on the 36 x 36 image, by padding."""
    down, right = shift
    return np.pad(digit.astype(int), [(4 + down, 4 - down), (4 + right, 4 - right)])


@pytest.fixture(scope="module")
def made(digits):
    return make_multimnist(digits.train_images, digits.train_labels, 3000, np.random.default_rng(5))


def test_each_image_is_the_clipped_sum_of_its_shifted_digits(made, digits):
    assert made.images.shape == (3000, 36, 36) and made.images.dtype == np.uint8
    clipped = 0
    for image, (first, second), (one, two) in zip(
        made.images[:300], made.digits, made.shifts, strict=False
    ):
        total = placed(digits.train_images[first], one) + placed(digits.train_images[second], two)
        assert np.array_equal(image, np.minimum(total, 255))
        clipped += (total > 255).any()
    assert clipped > 100


def test_labels_are_those_of_the_digits_and_never_the_same_twice(made, digits):
    assert np.array_equal(made.labels, digits.train_labels[made.digits])
    assert (made.labels[:, 0] != made.labels[:, 1]).all()


def test_shifts_are_uniform_within_four_pixels_and_independent(made):
    assert made.shifts.min() == -4 and made.shifts.max() == 4
    columns = made.shifts.reshape(-1, 4)
    for column in columns.T:
        counts = np.bincount(column + 4, minlength=9)
        assert counts.min() > 0.7 * len(columns) / 9
    assert np.abs(np.corrcoef(columns.T) - np.eye(4)).max() < 0.1


def test_digits_are_used_up_before_any_is_used_again(digits):
    """Drawing with replacement would leave 37 % of the digits out."""
    labels = digits.train_labels
    made = make_multimnist(digits.train_images, labels, len(labels) // 2, np.random.default_rng(0))
    uses = np.bincount(made.digits.ravel(), minlength=len(labels))
    assert uses.max() <= 2 and (uses == 0).mean() < 0.005

    made = make_multimnist(noise(200), labels[:200], 500, np.random.default_rng(0))
    uses = np.bincount(made.digits.ravel(), minlength=200)
    assert uses.min() >= 4 and uses.max() <= 6


def test_all_pairs_of_classes_appear_about_equally_often(made):
    described = describe_images(made, available=4000)
    assert len(described["pairs"]) == 45
    assert sum(described["pairs"].values()) == described["images"] == 3000
    assert described["pair_count_min"] == min(described["pairs"].values()) > 30
    assert described["pair_count_max"] == max(described["pairs"].values()) < 120
    assert described["distinct_digits_share"] == len(np.unique(made.digits)) / 4000


def test_the_generator_determines_everything(digits):
    first, again, other = (
        make_multimnist(digits.test_images, digits.test_labels, 20, np.random.default_rng(seed))
        for seed in (0, 0, 1)
    )
    for name in ("images", "labels", "digits", "shifts"):
        assert np.array_equal(getattr(first, name), getattr(again, name))
        assert not np.array_equal(getattr(first, name), getattr(other, name))


@given(
    st.lists(st.integers(0, 9), max_size=30).map(lambda found: np.array(found, dtype=np.uint8)),
    st.integers(0, 1000),
    st.data(),
)
def test_any_digits_give_images_up_to_the_number_of_their_pairs(labels, seed, data):
    possible = int(sum(a != b for i, a in enumerate(labels) for b in labels[:i]))
    rng, digits = np.random.default_rng(seed), noise(len(labels))
    if possible:
        count = data.draw(st.integers(1, min(possible, 40)))
        made = make_multimnist(digits, labels, count, rng)
        assert len(made.images) == count
        assert (made.labels[:, 0] != made.labels[:, 1]).all()
        assert np.array_equal(made.labels, labels[made.digits])
    with pytest.raises(ValueError, match=f"{len(labels)} digits give only {possible} pairs"):
        make_multimnist(digits, labels, possible + 1, rng)
