"""Whether verdicts are the same in other settings, in words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from capsnet_study.params import Params
from capsnet_study.report.text import against, fixed, listing, within
from capsnet_study.settings.builtin import MAIN, TUNED
from capsnet_study.settings.results import (
    ClaimInSetting,
    EffectOverSettings,
    JudgedSetting,
    SettingsResults,
)

BEST = {
    "routing": "three iterations end {gap} uniform coupling",
    "many": "nine end {gap} three",
    "capsules": "three end {gap} the CNN",
}
"""What the report says of the effects in the setting of tuned arms."""


def other_settings(results: SettingsResults) -> list[JudgedSetting]:
    """Return the settings in which something differs from the main study."""
    return [setting for setting in results.settings.values() if setting.changed]


def where_again(results: SettingsResults) -> str:
    """Return in how many settings and on how many seeds the main arms were trained again.

    As "in 1 other setting and on 1 other seed: settings"; empty if nowhere.
    """
    seeds = len(results.seeds.others) if results.seeds else 0
    counts = {
        "in {} other setting": len(other_settings(results)) - seeds,
        "on {} other seed": seeds,
    }
    places = [f"{text.format(n)}{'s' * (n > 1)}" for text, n in counts.items() if n]
    called = "settings" if sum(counts.values()) > 1 else "a setting"
    return f"{listing(places)}: {called}" if places else ""


def agreement(results: SettingsResults) -> dict[str, str]:
    """Return, by claim, in how many of the settings that could judge it its verdict is the same.

    The main study is judged here as the settings are: on those parts that their arms can decide. If
    conservative intervals change how many agree, that number follows.
    """
    agreeing = {}
    for id, claim in results.settings[MAIN].claims.items():
        judged = _judged(id, results)
        same = sum(one.verdict == claim.verdict for one in judged)
        conservatively = sum(one.conservative == claim.verdict for one in judged)
        if judged:
            also = f", conservatively {conservatively}" if conservatively != same else ""
            agreeing[id] = f"{same} of {len(judged)}{also}"
    return agreeing


def with_signs(id: str, results: SettingsResults) -> str:
    """Return a claim with its `agreement`; and where signs agree in more settings, in how many."""
    main, judged = results.settings[MAIN].claims[id], _judged(id, results)
    same_signs = sum(_signs(one) == _signs(main) for one in judged)
    more = same_signs > sum(one.verdict == main.verdict for one in judged)
    also = f", but {same_signs} with the same sign" if more else ""
    return f"{id} ({agreement(results)[id]}{also})"


def certain(effect: EffectOverSettings) -> str:
    """Return in how many settings the interval lies on the pooled mean's side of 0, or opposite.

    With a single setting nothing is pooled: the main study's mean has a side instead.
    """
    mean = effect.pooled.mean if effect.pooled else effect.settings[MAIN].mean
    sign = 1 if mean > 0 else -1
    ends = [
        sorted((sign * setting.low, sign * setting.high))
        for setting in effect.settings.values()
        if setting.low is not None and setting.high is not None
    ]
    opposite = sum(high < 0 for _, high in ends)
    same = f"{sum(low > 0 for low, _ in ends)} of {len(ends)}"
    return f"{same}, {opposite} opposite" if opposite else same


def otherwise_with_all_seeds(results: SettingsResults) -> list[str]:
    """Return the claims whose verdict changes when other seeds are judged with the main one."""
    main = results.settings[MAIN].claims
    return [
        f"{id} is {claim.verdict}"
        for id, claim in (results.seeds.claims if results.seeds else {}).items()
        if claim.verdict != main[id].verdict
    ]


def best_against_best(results: SettingsResults) -> list[str]:
    """Return what arms that were tuned by themselves differ by, of those effects that have them."""
    tuned = {
        name: results.effects[name].settings.get(TUNED) for name in BEST if name in results.effects
    }
    return [
        f"{BEST[name].format(gap=against(effect.mean, 0.0))} {within(effect)}"
        for name, effect in tuned.items()
        if effect is not None
    ]


def by_length(results: SettingsResults, params: Params) -> str:
    """Return what three iterations and the CNN reach in as many epochs as there are settings of.

    Of the main study and the settings that differ from it in ``train.epochs`` alone; nothing
    without such a setting.
    """
    lengths = {params.train.epochs: MAIN}
    for name, setting in params.settings.items():
        epochs = setting.train.get("epochs")
        longer = replace(setting, data={}, model={}, capsules={}, train={"epochs": epochs})
        if name in results.settings and setting == longer and not setting.own_images:
            lengths.setdefault(epochs, name)
    means = [results.settings[lengths[epochs]].exact_match for epochs in sorted(lengths)]
    if len(means) == 1 or not all({"n3", "cnn"} <= one.keys() for one in means):
        return ""
    capsnet, cnn = (listing([fixed(100 * one[arm], 1) for one in means]) for arm in ("n3", "cnn"))
    epochs = listing([str(one) for one in sorted(lengths)])
    return f"In {epochs} epochs three iterations reach {capsnet} %, the CNN {cnn} %."


def _signs(claim: ClaimInSetting) -> list[float]:
    """Return the signs of a claim's parts; NaN, which equals nothing, where there is no value."""
    return np.sign(np.array(claim.means, dtype=float)).tolist()


def _judged(id: str, results: SettingsResults) -> list[ClaimInSetting]:
    """Return a claim in all settings that could judge it."""
    judged = [setting.claims[id] for setting in other_settings(results) if id in setting.claims]
    return [claim for claim in judged if claim.verdict != "not evaluated"]
