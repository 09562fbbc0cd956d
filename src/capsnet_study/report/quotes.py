"""What the text quotes of the results: parts of claims, arms, effects, verdicts by setting."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

import pandas as pd

from capsnet_study.claims.parts import SIGNIFICANCE
from capsnet_study.claims.records import Claims, JudgedPart, Verdict
from capsnet_study.report.numbers import Quoted, WithInterval
from capsnet_study.report.results import Results
from capsnet_study.settings.builtin import MAIN
from capsnet_study.settings.results import ClaimInSetting, JudgedSetting, SettingsResults

DIFFERENT = (
    "*Left out: a paragraph that presumes results which this run does not have ({reasons}).*\n"
)


NO_RECORD = {"mean": None, "std": None}


def arm_record(name: str, measure: str, results: Results) -> Mapping[str, float | None]:
    """Return mean and s.d. of a measure of an arm; without values where the run lacks the arm."""
    record = results.sweep.get(name) or results.ablations.get(name) or {}
    return record.get(measure, NO_RECORD)


def tested(interventions: pd.DataFrame, arm: str, n_test: int) -> float | None:
    """Return the mean exact match of networks of an arm tested with `n_test` iterations."""
    rows = interventions.query("arm == @arm and change == 'n_test' and layer == 'both'")
    found = rows.loc[rows["value"] == n_test, "exact_match"]
    return float(found.mean()) if len(found) else None


def disparity(maps: pd.DataFrame, model: str, pair: str) -> float | None:
    """Return the mean Procrustes disparity of a model's maps of one digit pair."""
    found = maps.loc[(maps["model"] == model) & (maps["pair"] == pair), "procrustes_disparity"]
    return float(found.mean()) if len(found) else None


def pairs_better(maps: pd.DataFrame, model: str, other: str) -> str:
    """Return for how many digit pairs a model's mean disparity is lower, as "32 of 45"."""
    means = maps.groupby(["pair", "model"])["procrustes_disparity"].mean().unstack()
    return f"{(means[model] < means[other]).sum()} of {len(means)}"


def drop(transfer: Mapping[str, Mapping], model: str, scheme: str, base: str = "base") -> float:
    """Return by how much the mean exact match of a scheme is below that of a base."""
    return transfer[model][base]["mean"] - transfer[model][scheme]["mean"]


def other_settings(results: SettingsResults) -> list[JudgedSetting]:
    """Return the settings in which something differs from the main study."""
    return [setting for setting in results.settings.values() if setting.changed]


def agreement(id: str, results: SettingsResults) -> str:
    """Return in how many settings a claim has the verdict of the main study, as "10 of 11".

    The main study is judged here as settings are: on those parts that their arms can decide. If
    conservative intervals change how many agree, that number follows in brackets. A dash where no
    other setting can judge the claim, or where the main study does not decide it.
    """
    main = results.settings[MAIN].claims.get(id)
    judged = _judged(id, results)
    if main is None or not judged or main.verdict == "inconclusive":
        return "–"
    same = sum(one.verdict == main.verdict for one in judged)
    conservatively = sum(one.conservative == main.verdict for one in judged)
    also = f" ({conservatively} conservatively)" if conservatively != same else ""
    return f"{same} of {len(judged)}{also}"


def effect_in(name: str, setting: str, results: SettingsResults) -> WithInterval:
    """Return an effect in one setting; without a value where the setting lacks it."""
    return results.effects[name].settings.get(setting, Quoted())


def match_in(setting: str, arm: str, results: SettingsResults) -> float | None:
    """Return the mean final exact match of an arm in a setting; None where it was not trained."""
    found = results.settings.get(setting)
    return found.exact_match.get(arm) if found else None


def uncorrected(claims: Claims) -> list[str]:
    """Return our supported hypotheses whose p is no longer below .05 after Holm's correction."""
    return [
        id
        for id, claim in claims.items()
        if claim.verdict == "supported" and (claim.p_holm or 0.0) >= SIGNIFICANCE
    ]


def otherwise(results: Results) -> list[str]:
    """Return the paper's claims that conservative intervals would judge differently."""
    other = results.exploratory.conservative
    return [id for id in other if other[id].verdict != results.claims[id].verdict]


def pooled(name: str, results: SettingsResults) -> WithInterval:
    """Return an effect over all settings; without a value where there is only one."""
    return results.effects[name].pooled or Quoted()


def met(parts: Iterable[JudgedPart]) -> str:
    """Return how many parts lie on the expected side, as "1 of 2"."""
    outcomes = [part.outcome for part in parts]
    return f"{outcomes.count('reproduced')} of {len(outcomes)}"


def presumption(claims: Claims, withheld: list[str]) -> Callable[..., str]:
    """Return the block of templates that shows a paragraph only where what it presumes is so.

    In a template: ``{% call presumes("C2 reproduced, X17 inconclusive") %}…{% endcall %}``. The
    keyword ``above`` takes differences whose interval must lie above 0. What is not so is added to
    `withheld`.
    """

    def presumes(
        verdicts: str, caller: Callable[[], str], above: Iterable[WithInterval] = ()
    ) -> str:
        """Return the paragraph, or a line that names what it presumes and is not so."""
        reasons = [
            f"{id} is {claims[id].verdict}, not {verdict}"
            for id, verdict in presumed(verdicts).items()
            if claims[id].verdict != verdict
        ]
        if not all(one.low is not None and one.low > 0 for one in above):
            reasons.append("a difference is not above 0")
        if not reasons:
            return caller()
        withheld.append("; ".join(reasons))
        return DIFFERENT.format(reasons="; ".join(reasons))

    return presumes


def presumed(text: str) -> dict[str, Verdict]:
    """Return the verdicts that a paragraph names, by claim.

    >>> presumed("C2 reproduced, X1 not supported")
    {'C2': 'reproduced', 'X1': 'not supported'}
    """
    return dict(re.findall(r"(\w+) ([a-z ]+?)(?:,|$)", text))


def _judged(id: str, results: SettingsResults) -> list[ClaimInSetting]:
    """Return a claim in all settings that could judge it."""
    judged = [one.claims[id] for one in other_settings(results) if id in one.claims]
    return [claim for claim in judged if claim.verdict != "not evaluated"]
