"""A live line for each trial; plain lines where there is no terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager

from tqdm import tqdm

Row = Mapping[str, int | float]
Watch = Callable[[int, int, float, float, Row], None]
"""As `fit` calls it: step, all steps, epoch, the last batch's loss, the last evaluation."""

LINE = "{desc}: {n_fmt}/{total_fmt} [{elapsed} < {remaining}, {rate_fmt}] {postfix}"
PLAIN_SECONDS = 20.0


@contextmanager
def live_line(name: str, position: int) -> Iterator[Watch]:
    """Show step, steps a second, time left, epoch, loss, exact match and entropy of a trial.

    On a terminal each trial keeps the line `position`; elsewhere a plain line is printed every
    20 seconds and at the end.
    """
    if not sys.stderr.isatty():
        yield _plain_lines(name)
        return
    with ExitStack() as opened:
        bar: tqdm | None = None

        def watch(step: int, steps: int, epoch: float, loss: float, row: Row) -> None:
            """Move the bar, which starts where the training goes on."""
            nonlocal bar
            if bar is None:
                options = {"unit": "step", "position": position, "bar_format": LINE}
                bar = opened.enter_context(tqdm(desc=name, total=steps, initial=step, **options))
            bar.set_postfix_str(_describe(epoch, loss, row), refresh=False)
            bar.update(step - bar.n)

        yield watch


def _plain_lines(name: str) -> Watch:
    began = printed = time.monotonic()
    first: int | None = None

    def watch(step: int, steps: int, epoch: float, loss: float, row: Row) -> None:
        """Print a line now and then."""
        nonlocal printed, first
        first = step if first is None else first
        now = time.monotonic()
        if step < steps and now - printed < PLAIN_SECONDS:
            return
        printed = now
        line = tqdm.format_meter(
            step,
            steps,
            now - began,
            initial=first,
            prefix=name,
            unit="step",
            bar_format=LINE,
            postfix=_describe(epoch, loss, row),
        )
        print(line, file=sys.stderr, flush=True)

    return watch


def _describe(epoch: float, loss: float, row: Row) -> str:
    shown = [f"epoch {epoch:.2f}", f"loss {loss:.3f}", f"exact {row['exact_match']:.1%}"]
    if "entropy_r1" in row:
        shown.append(f"H {row['entropy_r1']:.3f}")
    return ", ".join(shown)
