"""Settings that are there without a setting of their own in params.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MAIN = "main"  # the main study is a setting beside the others
TUNED = "tuned"  # so are those arms of `ablations` that are an arm of the sweep tuned by itself
BUILTIN_SETTINGS = {MAIN: "", TUNED: "learning rate and initial gain of each arm by itself"}
"""What differs there from the main study."""
SEEDS = "seeds"  # the main study and the settings that differ from it in the seed alone, as one


def tuned_arm(arm: str) -> str:
    """Return what an arm of the sweep is called in `ablations` where it is tuned by itself.

    >>> tuned_arm("n3")
    'n3_tuned'
    """
    return f"{arm}_{TUNED}"


def with_all_seeds(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``metrics/settings.json`` with all seeds as one more setting, the second one."""
    seeds = record["seeds"]
    if seeds is None:
        return dict(record)
    effects = {
        name: effect | {"settings": _after_main(effect["settings"], seeds["effects"].get(name))}
        for name, effect in record["effects"].items()
    }
    return dict(record) | {"settings": _after_main(record["settings"], seeds), "effects": effects}


def _after_main(settings: Mapping[str, Any], seeds: Any | None) -> dict[str, Any]:
    """Return settings, of which the main study is the first, with all seeds after it."""
    if seeds is None:
        return dict(settings)
    (main, first), *others = settings.items()
    return {main: first, SEEDS: seeds} | dict(others)
