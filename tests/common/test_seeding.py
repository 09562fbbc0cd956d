"""Independent random streams."""

from itertools import combinations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from capsnet_study.common.seeding import derive_seed, numpy_generator, torch_generator

STREAMS = [(0,), (1,), (0, "order", 0), (0, "order", 1), (0, "weights", 1), (1, "order", 0)]


def test_a_seed_is_the_same_on_every_machine_and_for_ever():
    sha256_of_0 = "5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9"
    assert derive_seed(0) == int(sha256_of_0[:16], 16) // 2


@given(st.integers(0, 2**40), st.text(), st.integers())
def test_seeds_fit_every_generator(seed, name, index):
    assert 0 <= derive_seed(seed, name, index) < 2**63
    torch_generator(seed, name, index)
    numpy_generator(seed, name, index)


def test_streams_are_repeatable_and_uncorrelated():
    def drawn(stream):
        return (
            numpy_generator(*stream).standard_normal(2000),
            torch.randn(2000, generator=torch_generator(*stream)).numpy(),
        )

    for first, again in zip(drawn(STREAMS[2]), drawn(STREAMS[2]), strict=True):
        assert np.array_equal(first, again)
    everything = [values for stream in STREAMS for values in drawn(stream)]
    for first, other in combinations(everything, 2):
        assert abs(np.corrcoef(first, other)[0, 1]) < 0.1


def test_global_generators_are_left_alone():
    torch_before, numpy_before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    torch.rand(3, generator=torch_generator(0, "a"))
    numpy_generator(0, "a").random(3)
    assert torch.equal(torch.get_rng_state(), torch_before)
    assert np.array_equal(np.random.get_state()[1], numpy_before)  # noqa: NPY002
