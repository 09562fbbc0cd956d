"""Worlds that are there without a setting of their own in params.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MAIN = "main"  # the main study is a world beside the others
TUNED = "tuned"  # so are those arms of `mechanism` that are an arm of the sweep tuned by itself
OWN_WORLDS = {MAIN: "", TUNED: "learning rate and initial gain of each arm by itself"}
"""What differs there from the main study."""
SEEDS = "seeds"  # the main study and the worlds that differ from it in the seed alone, as one


def tuned_arm(arm: str) -> str:
    """Return what an arm of the sweep is called in `mechanism` where it is tuned by itself.

    >>> tuned_arm("n3")
    'n3_tuned'
    """
    return f"{arm}_{TUNED}"


def beside_the_worlds(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``metrics/worlds.json`` with all seeds as one more world, to be shown beside others.

    >>> alone = {"worlds": {"main": {}}, "effects": {}, "seeds": None}
    >>> beside_the_worlds(alone) == alone
    True
    """
    seeds = record["seeds"]
    if seeds is None:
        return dict(record)
    effects = {
        name: effect | {"worlds": effect["worlds"] | {SEEDS: seeds["effects"][name]}}
        if name in seeds["effects"]
        else effect
        for name, effect in record["effects"].items()
    }
    return dict(record) | {"worlds": record["worlds"] | {SEEDS: seeds}, "effects": effects}
