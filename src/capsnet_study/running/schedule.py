"""Which stage runs next: pure functions of the graph and of what has ended."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from graphlib import TopologicalSorter
from statistics import fmean

Upstream = Mapping[str, frozenset[str]]  # the stages that each stage needs, directly


def below(upstream: Upstream, stages: Iterable[str]) -> frozenset[str]:
    """Return every stage that needs one of `stages`, directly or not.

    Examples
    --------
    >>> sorted(below({"a": frozenset(), "b": frozenset("a"), "c": frozenset("b")}, ["a"]))
    ['b', 'c']
    """
    found: frozenset[str] = frozenset()
    edge = frozenset(stages)
    while edge:
        edge = frozenset(stage for stage, needs in upstream.items() if needs & edge) - found
        found |= edge
    return found


def ready(upstream: Upstream, ended: Collection[str], begun: Collection[str]) -> list[str]:
    """Return the stages that have not begun and whose whole upstream has ended well.

    `begun` holds those that run, have ended or have failed. What hangs below a failed stage is
    never ready, as that stage never ends well.
    """
    well = frozenset(ended)
    return [stage for stage, needs in upstream.items() if stage not in begun and needs <= well]


def chains(upstream: Upstream, seconds: Mapping[str, float]) -> dict[str, float]:
    """Return how long the longest chain takes that begins with each stage.

    The stage with the longest one goes first: whoever waits for it waits longest.
    """
    order = list(TopologicalSorter(upstream).static_order())
    longest = dict.fromkeys(order, 0.0)  # below each stage, at first
    for stage in reversed(order):
        longest[stage] += seconds[stage]
        for needed in upstream[stage]:
            longest[needed] = max(longest[needed], longest[stage])
    return longest


def lend(jobs: int, lent: int, waiting: int) -> int:
    """Return the workers of the next of `waiting` stages, when `lent` of `jobs` are at work.

    Cores that no other stage waits for are shared out. A stage that comes later is not kept waiting
    for them: it gets one worker, and for a while there are more workers than cores.

    Examples
    --------
    >>> lend(jobs=8, lent=0, waiting=3), lend(jobs=8, lent=2, waiting=2), lend(8, 8, 1)
    (2, 3, 1)
    """
    return max(1, (jobs - lent) // max(1, waiting))


def with_guesses(stages: Iterable[str], known: Mapping[str, float]) -> dict[str, float]:
    """Return the seconds of each stage: known, else the mean of the known, else one."""
    here = {stage: known.get(stage) for stage in stages}
    told = [value for value in here.values() if value is not None]
    guess = fmean(told) if told else 1.0
    return {stage: guess if value is None else value for stage, value in here.items()}


def seconds_left(upstream: Upstream, left: Mapping[str, float], jobs: int) -> float:
    """Return how long the stages of `left` take: their longest chain, or all work on all jobs."""
    stages = frozenset(left)
    rest = {stage: needs & stages for stage, needs in upstream.items() if stage in stages}
    return max([sum(left.values()) / jobs, *chains(rest, left).values()], default=0.0)
