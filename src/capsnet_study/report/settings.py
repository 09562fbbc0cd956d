"""Whether verdicts are the same in other settings: the settings beside the main study."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from capsnet_study.params import Params
from capsnet_study.report.facts import Record
from capsnet_study.report.text import against, fixed, listing, within
from capsnet_study.settings.builtin import MAIN, TUNED

BEST = {
    "routing": "three iterations end {gap} uniform coupling",
    "many": "nine end {gap} three",
    "capsules": "three end {gap} the CNN",
}
"""What is told of the effects in the setting of tuned arms."""


def other_settings(settings: Record) -> list[Record]:
    """Return the settings of ``metrics/settings.json`` in which something differs."""
    return [setting for setting in settings["settings"].values() if setting["changed"]]


def where_again(settings: Record) -> str:
    """Return in how many settings and on how many seeds the main arms were trained again, if any.

    >>> found = {"short": {"changed": "train.epochs = 2"}, "seed2": {"changed": "train.seed = 2"}}
    >>> where_again({"settings": found, "seeds": {"others": ["seed2"]}})
    'in 1 other setting and on 1 other seed: settings'
    """
    seeds = len(settings["seeds"]["others"]) if settings["seeds"] else 0
    counts = {
        "in {} other setting": len(other_settings(settings)) - seeds,
        "on {} other seed": seeds,
    }
    places = [f"{text.format(n)}{'s' * (n > 1)}" for text, n in counts.items() if n]
    called = "settings" if sum(counts.values()) > 1 else "a setting"
    return f"{listing(places)}: {called}" if places else ""


def agreement(settings: Record) -> dict[str, str]:
    """Return, by claim, in how many of the settings that could judge it its verdict is the same.

    The main study is judged here as the settings are: on those parts that their arms can decide. If
    cautious intervals change how many agree, that number follows.

    >>> main = {"changed": "", "claims": {"C2": {"verdict": "reproduced"}}}
    >>> judged = {"verdict": "reproduced", "cautious": "inconclusive"}
    >>> short = {"changed": "train.epochs = 1", "claims": {"C2": judged}}
    >>> agreement({"settings": {"main": main, "short": short}})
    {'C2': '1 of 1, cautiously 0'}
    """
    main = settings["settings"][MAIN]
    found = {}
    for id, claim in main["claims"].items():
        judged = _judged(id, settings)
        alike, cautious = (
            sum(one[by] == claim["verdict"] for one in judged) for by in ("verdict", "cautious")
        )
        if judged:
            also = f", cautiously {cautious}" if cautious != alike else ""
            found[id] = f"{alike} of {len(judged)}{also}"
    return found


def with_signs(id: str, settings: Record) -> str:
    """Return a claim with its `agreement`; and where signs agree in more settings, in how many.

    >>> main = {"changed": "", "claims": {"X7": {"verdict": "reproduced", "means": [-0.1]}}}
    >>> judged = {"verdict": "inconclusive", "cautious": "inconclusive", "means": [-0.2]}
    >>> short = {"changed": "train.epochs = 1", "claims": {"X7": judged}}
    >>> with_signs("X7", {"settings": {"main": main, "short": short}})
    'X7 (0 of 1, but 1 with the same sign)'
    """
    main, judged = settings["settings"][MAIN]["claims"][id], _judged(id, settings)
    same_signs = sum(_signs(one) == _signs(main) for one in judged)
    more = same_signs > sum(one["verdict"] == main["verdict"] for one in judged)
    also = f", but {same_signs} with the same sign" if more else ""
    return f"{id} ({agreement(settings)[id]}{also})"


def certain(effect: Record) -> str:
    """Return in how many settings the interval lies on the pooled mean's side of 0, or opposite.

    With a single setting nothing is pooled: there the main study's mean has a side.

    >>> one, other = {"low": 0.01, "high": 0.02}, {"low": -0.01, "high": 0.02}
    >>> certain({"pooled": {"mean": 0.01}, "settings": {"main": one, "short": other}})
    '1 of 2'
    >>> opposite = {"low": -0.03, "high": -0.02}
    >>> certain({"pooled": {"mean": 0.01}, "settings": {"main": one, "short": opposite}})
    '1 of 2, 1 opposite'
    """
    mean = effect["pooled"]["mean"]
    sign = 1 if (effect["settings"][MAIN]["mean"] if mean is None else mean) > 0 else -1
    ends = [
        sorted((sign * setting["low"], sign * setting["high"]))
        for setting in effect["settings"].values()
        if setting["low"] is not None
    ]
    opposite = sum(high < 0 for _, high in ends)
    there = f"{sum(low > 0 for low, _ in ends)} of {len(ends)}"
    return f"{there}, {opposite} opposite" if opposite else there


def otherwise_with_all_seeds(settings: Record) -> list[str]:
    """Return the claims of which the verdict changes when other seeds are judged with the main one.

    >>> main = {"changed": "", "claims": {"C2": {"verdict": "reproduced"}}}
    >>> seeds = {"claims": {"C2": {"verdict": "inconclusive"}}}
    >>> otherwise_with_all_seeds({"settings": {"main": main}, "seeds": seeds})
    ['C2 is inconclusive']
    """
    seeds = settings["seeds"]
    return [
        f"{id} is {found['verdict']}"
        for id, found in (seeds["claims"] if seeds else {}).items()
        if found["verdict"] != settings["settings"][MAIN]["claims"][id]["verdict"]
    ]


def best_against_best(settings: Record) -> list[str]:
    """Return what arms that were tuned by themselves differ by, of those effects that have them.

    >>> found = {"routing": {"settings": {"tuned": {"mean": 0.04, "low": 0.03, "high": 0.05}}}}
    >>> best_against_best({"effects": found})
    ['three iterations end 4.0 points above uniform coupling [+3.0, +5.0]']
    """
    effects = settings["effects"]
    tuned = {name: effects[name]["settings"].get(TUNED) for name in BEST if name in effects}
    return [
        f"{BEST[name].format(gap=against(found['mean'], 0.0))} {within(found)}"
        for name, found in tuned.items()
        if found is not None
    ]


def by_length(settings: Record, params: Params) -> str:
    """Return what three iterations and the CNN reach in as many epochs as there are settings of.

    Of the main study and the settings that differ from it in ``train.epochs`` alone; nothing
    without such a setting.
    """
    lengths = {params.train.epochs: MAIN}
    for name, setting in params.settings.items():
        epochs = setting.train.get("epochs")
        longer = replace(setting, data={}, model={}, capsules={}, train={"epochs": epochs})
        if name in settings["settings"] and setting == longer and not setting.own_images:
            lengths.setdefault(epochs, name)
    means = [settings["settings"][lengths[epochs]]["exact_match"] for epochs in sorted(lengths)]
    if len(means) == 1 or not all({"n3", "cnn"} <= one.keys() for one in means):
        return ""
    capsnet, cnn = (listing([fixed(100 * one[arm], 1) for one in means]) for arm in ("n3", "cnn"))
    epochs = listing([str(one) for one in sorted(lengths)])
    return f"In {epochs} epochs three iterations reach {capsnet} %, the CNN {cnn} %."


def _signs(claim: Record) -> list[float]:
    """Return the signs of a claim's parts; of one without a value NaN, which is like no other."""
    return np.sign(np.array(claim["means"], dtype=float)).tolist()


def _judged(id: str, settings: Record) -> list[Record]:
    """Return what the settings that could judge a claim say of it."""
    said = [
        setting["claims"][id] for setting in other_settings(settings) if id in setting["claims"]
    ]
    return [claim for claim in said if claim["verdict"] != "not evaluated"]
