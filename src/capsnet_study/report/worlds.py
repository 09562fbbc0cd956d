"""Whether verdicts are the same in other settings: the worlds beside the main study."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Record = Mapping[str, Any]


def other_worlds(worlds: Record) -> list[Record]:
    """Return the worlds of ``metrics/worlds.json`` in which something differs."""
    return [world for world in worlds["worlds"].values() if world["changed"]]


def agreement(worlds: Record, claims: Record) -> dict[str, str]:
    """Return, by claim, in how many of the worlds that could judge it its verdict is the same.

    >>> short = {"changed": "train.epochs = 1", "claims": {"C2": {"verdict": "inconclusive"}}}
    >>> agreement({"worlds": {"short": short}}, {"C2": {"verdict": "reproduced"}})
    {'C2': '0 of 1'}
    """
    judgements = [world["claims"] for world in other_worlds(worlds)]
    found = {}
    for id, claim in claims.items():
        verdicts = [one[id]["verdict"] for one in judgements if id in one]
        judged = [verdict for verdict in verdicts if verdict != "not evaluated"]
        if judged:
            found[id] = f"{judged.count(claim['verdict'])} of {len(judged)}"
    return found
