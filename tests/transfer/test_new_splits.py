"""Transfer on new splits does what pretraining and transfer do, on splits that follow theirs."""

import numpy as np
import pytest

from capsnet_study.data.domains import PAIRS, in_domain, split_domains
from capsnet_study.models.spec import NetworkSpec
from capsnet_study.training.trials import ImageSet, run_trainings, trial
from capsnet_study.transfer.new_splits import SCHEMES, later_splits, run_new_splits
from capsnet_study.transfer.params import TransferParams
from capsnet_study.transfer.schemes import Transfer, run_transfers


@pytest.fixture
def images() -> tuple[ImageSet, ImageSet]:
    """One image of noise per digit pair, for training and for test."""
    rng = np.random.default_rng(0)
    labels = np.array(PAIRS, dtype=np.uint8)
    shape = (len(labels), 36, 36)
    return tuple(ImageSet(rng.integers(0, 256, shape, np.uint8), labels) for _ in range(2))


def test_new_splits_follow_those_of_the_study():
    first = split_domains(2, np.random.default_rng(7))
    later = later_splits(2, 3, np.random.default_rng(7))
    assert [number for number, _ in later] == [2, 3, 4]
    assert [split for _, split in later_splits(0, 5, np.random.default_rng(7))] == [
        *first,
        *(split for _, split in later),
    ]


def test_rows_are_those_of_pretraining_and_transfer(images, model, train_params, monkeypatch):
    monkeypatch.setenv("CAPS_WORKERS", "1")
    spec, params = NetworkSpec("cnn", model, 2), TransferParams(1, 1)
    ((number, split),) = later_splits(3, 1, np.random.default_rng(0))
    rows = run_new_splits("m", spec, [(number, split)], images, train_params, params)

    sets = {
        side: [part.of(in_domain(part.labels, getattr(split, side))) for part in images]
        for side in "ab"
    }
    a, b = run_trainings([trial(side, spec, sets[side], train_params, number) for side in "ab"])
    transfers = [
        Transfer(number, "AB", a.weights, b.weights, *sets["b"]),
        Transfer(number, "BA", b.weights, a.weights, *sets["a"]),
    ]
    expected = run_transfers("m", spec, transfers, train_params, params)
    names = [scheme.name for scheme in SCHEMES]
    assert names == ["base", "base_long", "A1B", "A2B", "B1B", "B2B"]
    assert rows == [row for row in expected if row["scheme"] in names]
