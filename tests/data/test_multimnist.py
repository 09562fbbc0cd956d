"""Multi-MNIST images."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capsnet_study.data.multimnist import describe_images, make_multimnist, overlay


def noise(count: int, high: int = 256, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, high, (count, 28, 28), dtype=np.uint8)


def placed(digit: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """A digit alone on the 36 x 36 image, by padding."""
    down, right = shift
    return np.pad(digit.astype(int), [(4 + down, 4 - down), (4 + right, 4 - right)])


@pytest.fixture(scope="module")
def made(digits):
    return make_multimnist(digits.train_images, digits.train_labels, 3000, np.random.default_rng(5))


def test_shapes_and_types(made):
    assert made.images.shape == (3000, 36, 36) and made.images.dtype == np.uint8
    assert made.labels.shape == (3000, 2) and made.shifts.shape == (3000, 2, 2)


def test_the_two_digits_are_never_of_one_class(made):
    assert (made.labels[:, 0] != made.labels[:, 1]).all()


def test_labels_are_those_of_the_digits_used(made, digits):
    assert np.array_equal(made.labels, digits.train_labels[made.digits])


def test_every_shift_within_four_pixels_is_used_independently(made):
    assert made.shifts.min() == -4 and made.shifts.max() == 4
    columns = made.shifts.reshape(-1, 4)
    for column in columns.T:
        counts = np.bincount(column + 4, minlength=9)
        assert counts.min() > 0.7 * len(columns) / 9
    assert np.abs(np.corrcoef(columns.T) - np.eye(4)).max() < 0.1


def test_each_image_is_the_clipped_sum_of_its_digits(made, digits):
    for image, (first, second), (one, two) in list(
        zip(made.images, made.digits, made.shifts, strict=True)
    )[:200]:
        total = placed(digits.train_images[first], one) + placed(digits.train_images[second], two)
        assert np.array_equal(image, np.minimum(total, 255))


def test_without_clipping_one_digit_is_what_remains_without_the_other():
    images = noise(2, high=128)
    one, two = np.array([-4, 3]), np.array([4, 0])
    image = overlay(images[0], one, images[1], two).astype(int)
    assert np.array_equal((image - placed(images[0], one))[8:36, 4:32], images[1])


def test_sums_stop_at_white():
    white = np.full((28, 28), 200, dtype=np.uint8)
    image = overlay(white, np.zeros(2, dtype=int), white, np.array([4, 4]))
    assert image[10, 10] == 255 and image[4, 4] == 200 and image[0, 0] == 0


def test_digits_are_used_up_before_any_is_used_again(digits):
    """Drawing with replacement would leave 37 % of the digits out."""
    labels = digits.train_labels
    made = make_multimnist(digits.train_images, labels, len(labels) // 2, np.random.default_rng(0))
    uses = np.bincount(made.digits.ravel(), minlength=len(labels))
    assert uses.max() <= 2
    assert (uses == 0).mean() < 0.005


def test_uses_stay_even_over_several_walks(digits):
    labels = digits.test_labels[:200]
    made = make_multimnist(digits.test_images[:200], labels, 500, np.random.default_rng(0))
    uses = np.bincount(made.digits.ravel(), minlength=200)
    assert uses.min() >= 4 and uses.max() <= 6


def test_all_pairs_of_classes_appear_about_equally_often(made):
    described = describe_images(made, available=4000)
    assert len(described["pairs"]) == 45
    assert sum(described["pairs"].values()) == described["images"] == 3000
    assert described["pair_count_min"] == min(described["pairs"].values()) > 30
    assert described["pair_count_max"] == max(described["pairs"].values()) < 120
    assert described["distinct_digits_share"] == len(np.unique(made.digits)) / 4000


def test_the_generator_decides_everything(digits):
    def make(seed):
        rng = np.random.default_rng(seed)
        return make_multimnist(digits.test_images, digits.test_labels, 20, rng)

    first, again, other = make(0), make(0), make(1)
    for name in ("images", "labels", "digits", "shifts"):
        assert np.array_equal(getattr(first, name), getattr(again, name))
        assert not np.array_equal(getattr(first, name), getattr(other, name))


def test_more_images_than_there_are_pairs_are_refused():
    labels = np.array([0, 0, 1, 2], dtype=np.uint8)  # 0-1 twice, 0-2 twice, 1-2
    rng = np.random.default_rng(0)
    assert len(make_multimnist(noise(4), labels, 5, rng).images) == 5
    with pytest.raises(ValueError, match=r"6 images.*4 digits give only 5 pairs"):
        make_multimnist(noise(4), labels, 6, rng)


@pytest.mark.parametrize("labels", [[], [7], [7, 7, 7]])
def test_digits_without_a_pair_of_classes_are_refused(labels):
    labels = np.array(labels, dtype=np.uint8)
    with pytest.raises(ValueError, match="only 0 pairs"):
        make_multimnist(noise(len(labels)), labels, 1, np.random.default_rng(0))


@given(
    st.lists(st.integers(0, 9), min_size=2, max_size=30).filter(lambda found: len(set(found)) > 1),
    st.integers(0, 1000),
    st.data(),
)
def test_any_mixture_of_classes_gives_pairs_of_different_class(found, seed, data):
    labels = np.array(found, dtype=np.uint8)
    possible = sum(a != b for i, a in enumerate(found) for b in found[:i])
    count = data.draw(st.integers(1, min(possible, 40)))
    made = make_multimnist(noise(len(found)), labels, count, np.random.default_rng(seed))
    assert len(made.images) == count
    assert (made.labels[:, 0] != made.labels[:, 1]).all()
    assert np.array_equal(made.labels, labels[made.digits])
