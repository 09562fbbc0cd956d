"""The report of the committed results, and of results that are others."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from capsnet_study.params import load_params
from capsnet_study.report.render import (
    render_appendix,
    render_report,
    results_summary,
    with_block,
)
from stages.report import read_results

ROOT = Path(__file__).parents[2]
TEXTS = (render_report, render_appendix, results_summary)


@pytest.fixture
def study(monkeypatch):
    """The committed results and parameters, from the project's folder."""
    monkeypatch.chdir(ROOT)
    params = load_params()
    return read_results(params), params


def text_of(name):
    return Path(ROOT, name).read_text(encoding="utf-8")


def test_the_committed_texts_are_what_the_metrics_give(study):
    assert text_of("REPORT.md") == render_report(*study).text
    assert text_of("APPENDIX.md") == render_appendix(*study).text
    readme = text_of("README.md")
    if study[1].data.source == "mnist":  # a quick run leaves README as it is
        assert readme == with_block(readme, "results", results_summary(*study).text)


def test_links_lead_somewhere(study):
    anchors = {
        name: {
            re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
            for title in re.findall(r"^#+ (.*)$", text_of(name), re.MULTILINE)
        }
        for name in ("REPORT.md", "APPENDIX.md", "README.md", "docs/method.md")
    }
    for name in anchors:
        for target in re.findall(r"\]\(([^)\s]+)\)", text_of(name)):
            if target.startswith("http"):
                continue
            file, _, anchor = target.partition("#")
            path = (Path(name).parent / file).as_posix() if file else name
            assert Path(path).exists(), f"{name}: {target}"
            assert not anchor or anchor in anchors[path], f"{name}: {target}"


def test_other_verdicts_take_the_place_of_paragraphs_that_presume_them(study):
    results, params = study
    other = replace(results.claims["C2"], verdict="contradicted")
    changed = replace(results, claims=results.claims | {"C2": other})
    before, after = render_report(results, params), render_report(changed, params)
    assert len(after.withheld) > len(before.withheld)
    assert "C2 is contradicted" in after.text
    kept = [line for line in before.text.splitlines() if "iterations suffice" in line]
    assert kept == [line for line in after.text.splitlines() if "iterations suffice" in line]


def test_a_run_with_less_is_told_without_the_numbers_it_lacks(study):
    results, params = study
    empty = {"mean": None, "low": None, "high": None, "outcome": "not evaluated", "n": 0}
    claims = {
        id: replace(
            claim,
            verdict="not evaluated",
            p=None,
            parts=[replace(part, **empty, p=None) for part in claim.parts],
        )
        for id, claim in results.claims.items()
    }
    effects = {
        name: replace(effect, settings={"main": effect.settings["main"]}, pooled=None)
        for name, effect in results.settings.effects.items()
    }
    settings = replace(
        results.settings,
        settings={"main": results.settings.settings["main"]},
        effects=effects,
        seeds=None,
    )
    less = replace(results, claims=claims, settings=settings)
    for render in TEXTS:
        text = render(less, params).text
        assert "None" not in text
        assert "nan" not in text
        assert re.search(r"\| – +\|", text)


def test_a_number_of_the_metrics_reaches_the_text(study):
    results, params = study
    gain = results.settings.effects["routing"].settings["main"]
    changed = replace(gain, mean=0.1234, low=0.1111, high=0.1357)
    effect = results.settings.effects["routing"]
    effects = results.settings.effects | {
        "routing": replace(effect, settings=effect.settings | {"main": changed})
    }
    settings = replace(results.settings, effects=effects)
    text = render_report(replace(results, settings=settings), params).text
    assert "12.3 points [11.1, 13.6]" in text
