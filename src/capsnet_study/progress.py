"""A live line for each trial; plain lines where there is no terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tqdm import tqdm

from capsnet_study.training import Row, Watch

PLAIN_SECONDS = 20.0


@contextmanager
def live_line(name: str, position: int) -> Iterator[Watch]:
    """Show name, epoch, steps a second, loss, exact match, entropy and the time left.

    On a terminal each trial keeps the line `position`; elsewhere a plain line is printed every
    20 seconds and at the end.
    """
    terminal = sys.stderr.isatty()
    with tqdm(
        desc=name,
        unit="step",
        position=position if terminal else 0,
        leave=terminal,
        mininterval=0.3 if terminal else PLAIN_SECONDS,
        maxinterval=PLAIN_SECONDS,
        bar_format="{desc}: {n_fmt}/{total_fmt} [{elapsed} < {remaining}, {rate_fmt}] {postfix}",
        file=sys.stderr if terminal else _Lines(),
    ) as bar:

        def watch(step: int, steps: int, epoch: float, loss: float, row: Row) -> None:
            bar.total = steps
            bar.set_postfix_str(_describe(epoch, loss, row), refresh=False)
            bar.update(step - bar.n)

        yield watch


class _Lines:
    """Turns the carriage returns of a progress bar into lines of their own."""

    def write(self, text: str) -> None:
        line = text.strip()
        if line:
            print(line, file=sys.stderr, flush=True)

    def flush(self) -> None:
        sys.stderr.flush()


def _describe(epoch: float, loss: float, row: Row) -> str:
    shown = [f"epoch {epoch:.2f}", f"loss {loss:.3f}", f"exact {row['exact_match']:.1%}"]
    if "entropy_r1" in row:
        shown.append(f"H {row['entropy_r1']:.3f}")
    return ", ".join(shown)
