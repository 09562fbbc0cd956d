"""A live line for each trial; plain lines where there is no terminal."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from tqdm import tqdm

Row = Mapping[str, int | float]
Watch = Callable[[int, int, float, float, Row], None]
"""As `fit` calls it: step, all steps, epoch, the last batch's loss, the last evaluation."""

LINE = "{desc}: {n_fmt}/{total_fmt} [{elapsed} < {remaining}, {rate_fmt}] {postfix}"
PLAIN_SECONDS = 20.0  # between two plain lines


@contextmanager
def live_line(name: str, position: int) -> Iterator[Watch]:
    """Show step, steps per second, time left, epoch, loss, exact match and entropy of a trial.

    On a terminal each trial has its own line, `position`. Steps before a resumed training do not
    count for its speed.
    """
    plain = not sys.stderr.isatty()
    own = {"file": io.StringIO(), "mininterval": PLAIN_SECONDS} if plain else {"position": position}
    bar: tqdm | None = None

    def watch(step: int, steps: int, epoch: float, loss: float, row: Row) -> None:
        """Move the bar, which starts where a resumed training continues."""
        nonlocal bar
        if bar is None:
            bar = tqdm(desc=name, total=steps, initial=step, miniters=1, bar_format=LINE, **own)
        bar.set_postfix_str(_describe(epoch, loss, row), refresh=False)
        if (bar.update(step - bar.n) or step == steps) and plain:
            print(bar, file=sys.stderr, flush=True)

    try:
        yield watch
    finally:
        if bar is not None:
            bar.close()


def _describe(epoch: float, loss: float, row: Row) -> str:
    shown = [f"epoch {epoch:.2f}", f"loss {loss:.3f}", f"exact {row['exact_match']:.1%}"]
    if "entropy_r1" in row:
        shown.append(f"H {row['entropy_r1']:.3f}")
    return ", ".join(shown)
