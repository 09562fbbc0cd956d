"""Worlds that are there without a setting of their own in params.yaml."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

MAIN = "main"  # the main study is a world beside the others
TUNED = "tuned"  # so are those arms of `mechanism` that are an arm of the sweep tuned by itself
BUILTIN_WORLDS = {MAIN: "", TUNED: "learning rate and initial gain of each arm by itself"}
"""What differs there from the main study."""
SEEDS = "seeds"  # the main study and the worlds that differ from it in the seed alone, as one


def tuned_arm(arm: str) -> str:
    """Return what an arm of the sweep is called in `mechanism` where it is tuned by itself.

    >>> tuned_arm("n3")
    'n3_tuned'
    """
    return f"{arm}_{TUNED}"


def in_told_order(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``metrics/worlds.json``, whose keys the file sorts, in the order to tell them in.

    >>> sorted_by_name = {"worlds": {"images": {}, "main": {}}, "effects": {}}
    >>> told = {"worlds": ["main", "images"], "effects": []}
    >>> list(in_told_order(sorted_by_name | {"order": told})["worlds"])
    ['main', 'images']
    """
    worlds, effects = record["order"]["worlds"], record["order"]["effects"]
    return dict(record) | {
        "worlds": _in_order(record["worlds"], worlds),
        "effects": {
            name: effect | {"worlds": _in_order(effect["worlds"], worlds)}
            for name, effect in _in_order(record["effects"], effects).items()
        },
    }


def _in_order(found: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: found[name] for name in names if name in found}


def with_all_seeds(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``metrics/worlds.json`` with all seeds as one more world, the second to be shown."""
    told, seeds = in_told_order(record), record["seeds"]
    if seeds is None:
        return told
    effects = {
        name: effect | {"worlds": _after_main(effect["worlds"], seeds["effects"].get(name))}
        for name, effect in told["effects"].items()
    }
    return told | {"worlds": _after_main(told["worlds"], seeds), "effects": effects}


def _after_main(worlds: Mapping[str, Any], seeds: Any | None) -> dict[str, Any]:
    """Return worlds, of which the main study is the first, with all seeds after it."""
    if seeds is None:
        return dict(worlds)
    (main, first), *others = worlds.items()
    return {main: first, SEEDS: seeds} | dict(others)
