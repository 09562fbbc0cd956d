"""What a run looks like: one live picture in a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table

from capsnet_study.running.children import Child
from capsnet_study.running.output import last_trial, tail
from capsnet_study.running.runner import News, Run, Show

LASTING = ("failed", "locked")  # news that stay above the live picture
LAST_ENDED = 5


@contextmanager
def shown(console: Console) -> Iterator[Show]:
    """Give what shows a run: call it with the run and its news."""
    if not console.is_terminal:
        yield lambda run, news: _print_lines(console, run, news)
        return
    # It draws when it is told to: a thread that draws would not survive that processes are forked.
    options = {"auto_refresh": False, "redirect_stdout": False, "redirect_stderr": False}
    with Live(console=console, **options) as live:

        def show(run: Run, news: Sequence[News]) -> None:
            """Draw the picture anew, below what must not vanish."""
            for one in news:
                if one.kind in LASTING:
                    console.print(escape(one.text), style="red" if one.kind == "failed" else "")
            live.update(draw(run), refresh=True)

        yield show


def draw(run: Run) -> Group:
    """Return the picture: what runs with its progress, what has ended, the time left."""
    table = Table.grid(padding=(0, 2))
    for child in run.running.values():
        table.add_row(*_row(child))
    ended = [f"{stage} {seconds:.0f} s" for stage, seconds in list(run.ran.items())[-LAST_ENDED:]]
    parts = [headline(run), table]
    if ended:
        parts.append(f"[dim]ended last: {escape(', '.join(ended[::-1]))}[/dim]")
    if run.failed:
        parts.append(f"[red]failed: {escape(', '.join(run.failed))}[/red]")
    if run.holder:
        parts.append(f"[yellow]DVC's lock is held by {escape(run.holder)}[/yellow]")
    return Group(*parts)


def headline(run: Run) -> str:
    """Return how far the run is, in one line."""
    total = len(run.pipeline.stages)
    counts = f"{len(run.ended)} of {total} stages ({len(run.unchanged)} were up to date)"
    # Seconds of earlier runs tell of other parameters and machines, until a stage shows the pace.
    left = f"about {spell(run.left())} left" if run.ran else "time left not known yet"
    return f"{counts} · {len(run.running)} running · {left}"


def spell(seconds: int | float) -> str:
    """Return a duration in words.

    Examples
    --------
    >>> spell(7.4), spell(125.0), spell(7380.0)
    ('7 s', '2 min 5 s', '2 h 3 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def summary(run: Run, seconds: float) -> str:
    """Return the last words of a run: what ran, what failed, what was therefore not run."""
    ran, total = len(run.ran), len(run.pipeline.stages)
    lines = [
        f"{ran} of {total} stages ran in {spell(seconds)}, {len(run.unchanged)} were up to date"
    ]
    lines += [f"FAILED  {stage}: see {log}" for stage, log in run.failed.items()]
    if run.stopped:
        lines.append(f"stopped while they ran: {', '.join(run.stopped)}")
    if run.not_run:
        lines.append(f"not run, as they need what failed: {', '.join(run.not_run)}")
    return "\n".join(lines)


def _row(child: Child) -> tuple[str, str, ProgressBar | str, str]:
    """Return a line of the picture: stage, seconds, the bar of its last trial, its measures."""
    seconds = f"{time.monotonic() - child.began:.0f} s"
    workers = f" ×{child.workers}" if child.workers > 1 else ""
    trial = last_trial(tail(child.log))
    if trial is None:
        return escape(child.stage), seconds + workers, "", ""
    bar = ProgressBar(total=trial.steps, completed=trial.step, width=20)
    words = f"{trial.name}: {trial.left} left, {trial.measures}"
    return escape(child.stage), seconds + workers, bar, escape(words)


def _print_lines(console: Console, run: Run, news: Sequence[News]) -> None:
    for one in news:
        far = f"  ({len(run.ended)} of {len(run.pipeline.stages)})" if one.kind == "ended" else ""
        clock = time.strftime("%H:%M:%S")
        console.print(f"{clock}  {one.text}{far}", markup=False, highlight=False, soft_wrap=True)
