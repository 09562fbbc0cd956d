"""Axes of training steps that give room to the early ones, where evaluations are dense."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

ROOT_PLACES = (0.15, 0.3, 0.5, 0.7, 0.85)  # of ticks, in shares of the axis

LEAST_GAP = 0.08  # between two ticks, as a share of the axis


def root_ticks(last: int | float) -> list[float]:
    """Round steps to mark on an axis of square roots that ends at `last`.

    >>> root_ticks(3862)
    [0.0, 90.0, 300.0, 1000.0, 2000.0, 3000.0]
    >>> root_ticks(188)
    [0.0, 4.0, 20.0, 50.0, 90.0]
    """
    ticks = [0.0]
    for place in ROOT_PLACES:
        step = float(f"{last * place**2:.0e}")
        if 1 <= step <= last and np.sqrt(step / last) - np.sqrt(ticks[-1] / last) > LEAST_GAP:
            ticks.append(step)
    return ticks


def log_ticks(first: int | float, last: int | float) -> list[float]:
    """Zero and the powers of ten between two steps.

    >>> log_ticks(2, 3862)
    [0.0, 10.0, 100.0, 1000.0]
    """
    decades = np.arange(np.ceil(np.log10(first)), np.floor(np.log10(last)) + 1)
    return [0.0, *(10.0**decades).tolist()]


def root_step_axis(axes: Axes, last: float) -> None:
    """Square roots of steps: a tenth of training has a third of the axis."""
    axes.set_xscale("function", functions=(lambda x: np.sqrt(np.maximum(x, 0)), np.square))
    axes.set_xlim(0, 1.02 * last)
    _finish(axes, root_ticks(last), "square root")


def log_step_axis(axes: Axes, first: float, last: float) -> None:
    """Logarithms of steps from the first evaluation after 0; linear below it."""
    axes.set_xscale("symlog", linthresh=first, linscale=0.5)
    axes.set_xlim(0, 1.15 * last)
    _finish(axes, log_ticks(first, last), f"logarithmic from {first:,.0f} on")


def _finish(axes: Axes, ticks: list[float], scale: str) -> None:
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda step, _: f"{step:,.0f}"))
    axes.set_xlabel(f"training steps (mini-batches; {scale})")
