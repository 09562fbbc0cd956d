"""Whether verdicts are the same in other settings: the worlds beside the main study."""

from __future__ import annotations

import numpy as np

from capsnet_study.params import Params
from capsnet_study.report.facts import Record
from capsnet_study.report.text import against, fixed, listing, within
from capsnet_study.worlds.builtin import MAIN, TUNED
from capsnet_study.worlds.params import World

BEST = {
    "routing": "three iterations end {gap} uniform coupling",
    "many": "nine end {gap} three",
    "capsules": "three end {gap} the CNN",
}
"""What is told of the effects in the world of tuned arms."""


def other_worlds(worlds: Record) -> list[Record]:
    """Return the worlds of ``metrics/worlds.json`` in which something differs."""
    return [world for world in worlds["worlds"].values() if world["changed"]]


def where_again(worlds: Record) -> str:
    """Return in how many settings and on how many seeds the main arms were trained again, if any.

    >>> found = {"short": {"changed": "train.epochs = 2"}, "seed2": {"changed": "train.seed = 2"}}
    >>> where_again({"worlds": found, "seeds": {"others": ["seed2"]}})
    'in 1 other setting and on 1 other seed: worlds'
    """
    seeds = len(worlds["seeds"]["others"]) if worlds["seeds"] else 0
    counts = {"in {} other setting": len(other_worlds(worlds)) - seeds, "on {} other seed": seeds}
    places = [f"{text.format(n)}{'s' * (n > 1)}" for text, n in counts.items() if n]
    called = "worlds" if sum(counts.values()) > 1 else "a world"
    return f"{listing(places)}: {called}" if places else ""


def agreement(worlds: Record) -> dict[str, str]:
    """Return, by claim, in how many of the worlds that could judge it its verdict is the same.

    The main study is judged here as the worlds are: on those parts that their arms can decide. If
    cautious intervals change how many agree, that number follows.

    >>> main = {"changed": "", "claims": {"C2": {"verdict": "reproduced"}}}
    >>> judged = {"verdict": "reproduced", "cautious": "inconclusive"}
    >>> short = {"changed": "train.epochs = 1", "claims": {"C2": judged}}
    >>> agreement({"worlds": {"main": main, "short": short}})
    {'C2': '1 of 1, cautiously 0'}
    """
    main = worlds["worlds"][MAIN]
    found = {}
    for id, claim in main["claims"].items():
        judged = _judged(id, worlds)
        alike, cautious = (
            sum(one[by] == claim["verdict"] for one in judged) for by in ("verdict", "cautious")
        )
        if judged:
            also = f", cautiously {cautious}" if cautious != alike else ""
            found[id] = f"{alike} of {len(judged)}{also}"
    return found


def with_signs(id: str, worlds: Record) -> str:
    """Return a claim with its `agreement`; and where signs agree in more worlds, in how many.

    >>> main = {"changed": "", "claims": {"X7": {"verdict": "reproduced", "means": [-0.1]}}}
    >>> judged = {"verdict": "inconclusive", "cautious": "inconclusive", "means": [-0.2]}
    >>> short = {"changed": "train.epochs = 1", "claims": {"X7": judged}}
    >>> with_signs("X7", {"worlds": {"main": main, "short": short}})
    'X7 (0 of 1, but 1 with the same sign)'
    """
    main, judged = worlds["worlds"][MAIN]["claims"][id], _judged(id, worlds)
    same_signs = sum(_signs(one) == _signs(main) for one in judged)
    more = same_signs > sum(one["verdict"] == main["verdict"] for one in judged)
    also = f", but {same_signs} with the same sign" if more else ""
    return f"{id} ({agreement(worlds)[id]}{also})"


def certain(effect: Record) -> str:
    """Return in how many worlds the interval lies on the pooled mean's side of 0, or opposite.

    With a single setting nothing is pooled: there the main study's mean has a side.

    >>> one, other = {"low": 0.01, "high": 0.02}, {"low": -0.01, "high": 0.02}
    >>> certain({"pooled": {"mean": 0.01}, "worlds": {"main": one, "short": other}})
    '1 of 2'
    >>> opposite = {"low": -0.03, "high": -0.02}
    >>> certain({"pooled": {"mean": 0.01}, "worlds": {"main": one, "short": opposite}})
    '1 of 2, 1 opposite'
    """
    mean = effect["pooled"]["mean"]
    sign = 1 if (effect["worlds"][MAIN]["mean"] if mean is None else mean) > 0 else -1
    ends = [
        sorted((sign * world["low"], sign * world["high"]))
        for world in effect["worlds"].values()
        if world["low"] is not None
    ]
    opposite = sum(high < 0 for _, high in ends)
    there = f"{sum(low > 0 for low, _ in ends)} of {len(ends)}"
    return f"{there}, {opposite} opposite" if opposite else there


def otherwise_with_all_seeds(worlds: Record) -> list[str]:
    """Return the claims of which the verdict changes when other seeds are judged with the main one.

    >>> main = {"changed": "", "claims": {"C2": {"verdict": "reproduced"}}}
    >>> seeds = {"claims": {"C2": {"verdict": "inconclusive"}}}
    >>> otherwise_with_all_seeds({"worlds": {"main": main}, "seeds": seeds})
    ['C2 is inconclusive']
    """
    return [
        f"{id} is {found['verdict']}"
        for id, found in worlds["seeds"]["claims"].items()
        if found["verdict"] != worlds["worlds"][MAIN]["claims"][id]["verdict"]
    ]


def best_against_best(worlds: Record) -> list[str]:
    """Return what arms that were tuned by themselves differ by, of those effects that have them.

    >>> found = {"routing": {"worlds": {"tuned": {"mean": 0.04, "low": 0.03, "high": 0.05}}}}
    >>> best_against_best({"effects": found})
    ['three iterations end 4.0 points above uniform coupling [+3.0, +5.0]']
    """
    effects = worlds["effects"]
    tuned = {name: effects[name]["worlds"].get(TUNED) for name in BEST if name in effects}
    return [
        f"{BEST[name].format(gap=against(found['mean'], 0.0))} {within(found)}"
        for name, found in tuned.items()
        if found is not None
    ]


def by_length(worlds: Record, params: Params) -> str:
    """Return what three iterations and the CNN reach in as many epochs as there are worlds of.

    Of the main study and the worlds that differ from it in ``train.epochs`` alone; nothing without
    such a world.
    """
    lengths = {params.train.epochs: MAIN}
    for name, world in params.worlds.settings.items():
        epochs = world.train.get("epochs")
        if name in worlds["worlds"] and world == World(train={"epochs": epochs}):
            lengths.setdefault(epochs, name)
    means = [worlds["worlds"][lengths[epochs]]["exact_match"] for epochs in sorted(lengths)]
    if len(means) == 1 or not all({"n3", "cnn"} <= one.keys() for one in means):
        return ""
    capsnet, cnn = (listing([fixed(100 * one[arm], 1) for one in means]) for arm in ("n3", "cnn"))
    epochs = listing([str(one) for one in sorted(lengths)])
    return f"In {epochs} epochs three iterations reach {capsnet} %, the CNN {cnn} %."


def _signs(claim: Record) -> list[float]:
    """Return the signs of a claim's parts; of one without a value NaN, which is like no other."""
    return np.sign(np.array(claim["means"], dtype=float)).tolist()


def _judged(id: str, worlds: Record) -> list[Record]:
    """Return what the worlds that could judge a claim say of it."""
    said = [world["claims"][id] for world in other_worlds(worlds) if id in world["claims"]]
    return [claim for claim in said if claim["verdict"] != "not evaluated"]
