"""Examples for trainings of tiny networks."""

import pytest

from capsnet_study.training.evaluation import Examples


@pytest.fixture
def examples(images) -> tuple[Examples, Examples]:
    """Training and test examples: 40 and 30."""
    return tuple(part.on_device() for part in images)
