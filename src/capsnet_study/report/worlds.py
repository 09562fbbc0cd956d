"""Whether verdicts are the same in other settings: the worlds beside the main study."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Record = Mapping[str, Any]


def other_worlds(worlds: Record) -> list[Record]:
    """Return the worlds of ``metrics/worlds.json`` in which something differs."""
    return [world for world in worlds["worlds"].values() if world["changed"]]


def agreement(worlds: Record) -> dict[str, str]:
    """Return, by claim, in how many of the worlds that could judge it its verdict is the same.

    The main study is judged here as the worlds are: on those parts that their arms can decide.

    >>> main = {"changed": "", "claims": {"C2": {"verdict": "reproduced"}}}
    >>> short = {"changed": "train.epochs = 1", "claims": {"C2": {"verdict": "inconclusive"}}}
    >>> agreement({"worlds": {"main": main, "short": short}})
    {'C2': '0 of 1'}
    """
    (main,) = (world for world in worlds["worlds"].values() if not world["changed"])
    found = {}
    for id, claim in main["claims"].items():
        verdicts = [world["claims"][id]["verdict"] for world in _that_judge(id, worlds)]
        if verdicts:
            found[id] = f"{verdicts.count(claim['verdict'])} of {len(verdicts)}"
    return found


def _that_judge(id: str, worlds: Record) -> list[Record]:
    others = [world for world in other_worlds(worlds) if id in world["claims"]]
    return [world for world in others if world["claims"][id]["verdict"] != "not evaluated"]
