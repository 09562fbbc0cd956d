"""Figures are drawn in the style in which their stage draws them."""

from collections.abc import Iterator

import matplotlib
import pytest

from capsnet_study.figures.style import RC


@pytest.fixture(autouse=True)
def journal_style() -> Iterator[None]:
    with matplotlib.rc_context(RC):
        yield
