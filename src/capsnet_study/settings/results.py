"""Results of all settings: ``metrics/settings.json``, typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from capsnet_study.claims.records import Verdict
from capsnet_study.settings.builtin import MAIN, SEEDS
from capsnet_study.stats import Interval

Value = TypeVar("Value")


@dataclass(frozen=True)
class EffectInSetting(Interval):
    """A difference between two arms in one setting: mean and 95 % t interval of paired values.

    Attributes
    ----------
    share_above
        The share of all pairs of a trial of one arm and a trial of the other in which the first is
        better, ties half.
    """

    share_above: float = field(kw_only=True)


@dataclass(frozen=True)
class PooledEffect:
    """A mean over settings and its 95 % interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class EffectOverSettings:
    """A difference between two arms in each setting that has both, and over all settings.

    Attributes
    ----------
    settings
        By name of the setting.
    pooled
        None with one setting.
    """

    title: str
    settings: dict[str, EffectInSetting]
    pooled: PooledEffect | None = None


@dataclass(frozen=True)
class ClaimInSetting:
    """A claim judged in one setting, on the parts that its arms can decide.

    Attributes
    ----------
    verdict, conservative
        By the rule, and by conservative intervals.
    means
        Of the judged parts; None where there is none.
    """

    verdict: Verdict
    conservative: Verdict
    means: Sequence[float | None]


@dataclass(frozen=True)
class JudgedSetting:
    """One setting.

    Attributes
    ----------
    title, changed
        What it is called, and what differs from the main study; empty for that.
    trials
        Number of trials.
    exact_match
        Mean by arm.
    claims
        By id.
    """

    title: str
    changed: str
    trials: int
    exact_match: dict[str, float]
    claims: dict[str, ClaimInSetting]


@dataclass(frozen=True)
class AllSeeds(JudgedSetting):
    """The main study and its repetitions on other seeds as one setting.

    Attributes
    ----------
    others
        Names of the repetitions.
    effects
        By name of the effect.
    """

    others: list[str]
    effects: dict[str, EffectInSetting]


@dataclass(frozen=True)
class SettingsResults:
    """The study in all settings, the main study first.

    Attributes
    ----------
    settings, effects
        By name.
    seeds
        None without other seeds.
    """

    settings: dict[str, JudgedSetting]
    effects: dict[str, EffectOverSettings]
    seeds: AllSeeds | None = None

    def with_all_seeds(self) -> SettingsResults:
        """Return the same with all seeds as one more setting, the second one."""
        if self.seeds is None:
            return self
        effects = {
            name: replace(
                effect, settings=_after_main(effect.settings, self.seeds.effects.get(name))
            )
            for name, effect in self.effects.items()
        }
        settings = _after_main(self.settings, self.seeds)
        return replace(self, settings=settings, effects=effects)


def _after_main(settings: Mapping[str, Value], seeds: Value | None) -> dict[str, Value]:
    """Return the main study, all seeds if there are any, and the other settings."""
    if seeds is None:
        return dict(settings)
    others = {name: one for name, one in settings.items() if name != MAIN}
    return {MAIN: settings[MAIN], SEEDS: seeds} | others
