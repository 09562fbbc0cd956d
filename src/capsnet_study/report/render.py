"""The report, claim by claim, and the results that the README carries.

All numbers come from metrics, parameters or the code itself; prose that depends on an outcome is
chosen by the outcome. The text is in ``templates``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import jinja2
import pandas as pd

from capsnet_study import names
from capsnet_study.claims.parts import SIGNIFICANCE
from capsnet_study.claims.records import (
    OUTCOMES,
    Claims,
    Exploration,
    OtherVersionError,
    of_kind,
)
from capsnet_study.claims.words import words_of
from capsnet_study.common import sizes
from capsnet_study.models.capsnet import PRIMARY_LENGTH, ROUTED_LENGTH
from capsnet_study.models.losses import margin_loss
from capsnet_study.params import Params
from capsnet_study.report import compute, facts, layers, provenance
from capsnet_study.report.facts import Record
from capsnet_study.report.findings import abstract, also, finding, findings_of
from capsnet_study.report.routings import ORIGINS
from capsnet_study.report.settings import (
    agreement,
    best_against_best,
    by_length,
    certain,
    otherwise_with_all_seeds,
    where_again,
    with_signs,
)
from capsnet_study.report.text import FILTERS, part_row
from capsnet_study.settings.results import SettingsResults
from capsnet_study.stats import bootstrap_interval
from capsnet_study.training.arms import Arms, capsule_arms, n_iter_arms
from capsnet_study.training.evaluation import DEAD_LENGTH

SHOCK = 0.2  # of exact match: no harm of many iterations is so large, a collapse is


@dataclass(frozen=True)
class Results:
    """All that the report is made of beside the parameters: the metrics files, parsed.

    Attributes
    ----------
    claims, exploratory, settings
        The metrics file of that name, typed.
    data, domains, fitting, manifold, ablations
        The metrics file of that name.
    train, transfer
        Records by model: capsnet, uniform, cnn.
    sensitivity
        ``plots/manifold_sensitivity.csv``.
    search, switch, earlier
        ``scripts/search.csv``, ``scripts/switch.csv`` and ``scripts/earlier_runs.csv``.
    arms, changed_arms
        The arms of ``plots/fitting.csv``, and those of ``plots/ablations.csv``.
    runtime
        The rows of ``metrics/runtime.csv``.
    figures
        The names of the figures that were drawn.
    """

    claims: Claims
    exploratory: Exploration
    settings: SettingsResults
    data: Record
    domains: Record
    fitting: Record
    manifold: Record
    ablations: Record
    train: Mapping[str, Record]
    transfer: Mapping[str, Record]
    sensitivity: pd.DataFrame
    search: pd.DataFrame
    switch: pd.DataFrame
    earlier: pd.DataFrame
    arms: Arms
    changed_arms: Arms
    runtime: list[Record]
    figures: Collection[str]


def render_report(results: Results, params: Params) -> str:
    """Return the text of REPORT.md: the same for the same results and parameters.

    Raises
    ------
    OtherVersionError
        Some metrics were written by another version of the study.
    """
    return _render("REPORT.md.j2", results, params)


def render_appendix(results: Results, params: Params) -> str:
    """Return the text of APPENDIX.md: methods, and all tables and figures.

    Raises
    ------
    OtherVersionError
        Some metrics were written by another version of the study.
    """
    return _render("APPENDIX.md.j2", results, params)


def results_summary(results: Results, params: Params) -> str:
    """Return the short block of results that the README carries, without its markers."""
    return _render("README_RESULTS.md.j2", results, params).strip()


def with_block(text: str, name: str, block: str) -> str:
    """Return `text` with `block` between the markers ``<!-- name -->`` and ``<!-- /name -->``.

    Raises
    ------
    ValueError
        Unless each marker occurs once, in order.
    """
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, _, rest = text.partition(start)
    _, _, after = rest.partition(end)
    if text.count(start) != 1 or rest.count(end) != 1 or end in before:
        raise ValueError(f"{start} and, after it, {end} must be in the text, each once")
    return f"{before}{start}\n{block}\n{end}{after}"


def _render(template: str, results: Results, params: Params) -> str:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("capsnet_study.report"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # Markdown, not HTML
    )
    words = words_of(results.arms | results.changed_arms)
    environment.filters |= FILTERS | {
        "certain": certain,
        "part_row": lambda part: part_row(part, words),
    }
    try:
        return environment.get_template(template).render(vars(results) | _context(results, params))
    except (jinja2.UndefinedError, KeyError) as error:
        raise OtherVersionError(
            f"the files in metrics/ are not of this version of the study ({error}): `dvc repro` "
            "writes them anew"
        ) from error


def _context(results: Results, params: Params) -> dict[str, Any]:
    """Return what the templates use beside the results; `claims` are the paper's there."""
    claims = of_kind(results.claims, "paper")
    causes = of_kind(results.claims, "mechanism")
    bootstrap = _defaults(bootstrap_interval)
    findings = findings_of(results.claims, results.exploratory)
    longer = results.exploratory.claims_on_longer_base
    agreeing = agreement(results.settings)
    return {
        "claims": claims,
        "causes": causes,
        "again": where_again(results.settings),
        "agreement": agreeing,
        "causes_elsewhere": [with_signs(id, results.settings) for id in causes if id in agreeing],
        "by_length": by_length(results.settings, params),
        "best": best_against_best(results.settings),
        "otherwise": otherwise_with_all_seeds(results.settings),
        "abstract": abstract(findings, {id: claim.verdict for id, claim in longer.items()}),
        "finding": partial(finding, findings=findings),
        "also": partial(also, findings=findings),
        "remarks": results.exploratory.remarks,
        "by_verdict": {"paper": _by_verdict(claims), "mechanism": _by_verdict(causes)},
        "uncorrected": [
            id
            for id, claim in causes.items()
            if claim.verdict == "reproduced" and (claim.p_holm or 0) >= SIGNIFICANCE
        ],
        "shocked": _is_shocked(causes),
        "arms_of_settings": len(set(params.setting_arms) & set(capsule_arms(params.sweep))),
        "over_trials": facts.over_trials(params),
        "heads": layers.new_weights(params),
        "past": provenance.earlier_runs(results.earlier, claims, params),
        "origins": ORIGINS,
        "p": params,
        "compute": compute,
        "facts": facts,
        "layer_rows": layers.layer_rows,
        "provenance": provenance,
        "names": names,
        "sizes": sizes,
        "span": 2 * sizes.MAX_SHIFT + 1,
        "n_iter_arms": n_iter_arms,
        "dead_length": DEAD_LENGTH,
        "lengths": {"primary": PRIMARY_LENGTH, "routed": ROUTED_LENGTH},
        "margin": _defaults(margin_loss),
        "bootstrap": bootstrap,
        "confidence": f"{100 * bootstrap['confidence']:g} %",
        "scale": facts.scale_of(results.data, params),
    }


def _is_shocked(causes: Claims) -> bool:
    """Return whether the arm of X1 whose iterations set in late collapsed instead of learning."""
    lead = causes["X1"].parts[0].mean if "X1" in causes else None
    return lead is not None and lead < -SHOCK


def _by_verdict(claims: Claims) -> dict[str, list[str]]:
    """Return the claims that are no controls by their verdicts, as far as these occur."""
    counted = {id: claim.verdict for id, claim in claims.items() if not claim.control}
    ids = {one: [id for id, verdict in counted.items() if verdict == one] for one in OUTCOMES}
    return {verdict: having for verdict, having in ids.items() if having}


def _defaults(function: Callable) -> dict[str, Any]:
    """Return the default values of a function's parameters: what the study uses."""
    parameters = inspect.signature(function).parameters.values()
    return {one.name: one.default for one in parameters if one.default is not one.empty}
