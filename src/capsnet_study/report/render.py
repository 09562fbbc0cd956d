"""The report, its appendix, and the results that the README carries.

The text is written by people, in ``templates``; numbers are filled in. A paragraph that interprets
results names the verdicts that it presumes (`presumption`).
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jinja2

from capsnet_study import names
from capsnet_study.claims.records import OtherVersionError, of_kind
from capsnet_study.claims.words import words_of
from capsnet_study.params import Params
from capsnet_study.report import compute, facts, layers, provenance, quotes, tables
from capsnet_study.report.numbers import FILTERS, Quoted
from capsnet_study.report.results import Results


class Text(NamedTuple):
    """A text, and the presumptions of its paragraphs that the results do not meet."""

    text: str
    withheld: list[str]


def render_report(results: Results, params: Params) -> Text:
    """Return REPORT.md: the same for the same results and parameters.

    Raises
    ------
    OtherVersionError
        Some metrics were written by another version of the study.
    """
    return _render("REPORT.md.j2", results, params)


def render_appendix(results: Results, params: Params) -> Text:
    """Return APPENDIX.md: all tables.

    Raises
    ------
    OtherVersionError
        Some metrics were written by another version of the study.
    """
    return _render("APPENDIX.md.j2", results, params)


def results_summary(results: Results, params: Params) -> Text:
    """Return the block of results that the README carries, without its markers."""
    return _render("README_RESULTS.md.j2", results, params)


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
    return f"{before}{start}\n{block.strip()}\n{end}{after}"


def _render(template: str, results: Results, params: Params) -> Text:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("capsnet_study.report"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # Markdown, not HTML
    )
    words = words_of(results.sweep_arms | results.ablation_arms)
    environment.filters |= FILTERS | {"row": partial(tables.part_row, words=words)}
    withheld: list[str] = []
    context = vars(results) | _context(results, params)
    context["presumes"] = quotes.presumption(results.claims, withheld)
    try:
        return Text(environment.get_template(template).render(context), withheld)
    except (jinja2.UndefinedError, KeyError) as error:
        raise OtherVersionError(
            f"the files in metrics/ are not of this version of the study ({error}): `dvc repro` "
            "writes them anew"
        ) from error


def _context(results: Results, params: Params) -> dict[str, Any]:
    """Return what the templates use beside the results themselves."""
    return {
        "p": params,
        "paper_claims": of_kind(results.claims, "paper"),
        "our_claims": of_kind(results.claims, "mechanism"),
        "part": lambda id, place=0: results.claims[id].parts[place],
        "verdict": lambda id: results.claims[id].verdict,
        "results_of": lambda id: results.claims[id].parts,
        "agree": partial(quotes.agreement, results=results.settings),
        "met": quotes.met,
        "arm": partial(quotes.arm_record, results=results),
        "tested": partial(quotes.tested, results.interventions),
        "effect": partial(quotes.effect_in, results=results.settings),
        "pooled": partial(quotes.pooled, results=results.settings),
        "disparity": partial(quotes.disparity, results.maps),
        "pairs_better": partial(quotes.pairs_better, results.maps),
        "drop": partial(quotes.drop, results.transfer),
        "match_in": partial(quotes.match_in, results=results.settings),
        "uncorrected": quotes.uncorrected(results.claims),
        "otherwise": quotes.otherwise(results),
        "nothing": Quoted(),
        "names": names,
        "compute": compute,
        "facts": facts,
        "layer_rows": layers.layer_rows,
        "heads": layers.new_weights(params),
        "provenance": provenance,
        "past": provenance.earlier_runs(results.earlier, of_kind(results.claims, "paper"), params),
        "scale": facts.scale_of(results.data, params),
    }
