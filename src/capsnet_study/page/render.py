"""The page as HTML; the script and the images that it loads are files beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping

import altair as alt
import jinja2
import vl_convert

from capsnet_study.page.document import convert

CHART = """<div class="controls"></div>
<div class="chart"></div>
<script type="application/json">{specification}</script>
<p class="hint">{hint}</p>
"""


def render_page(
    report: str, charts: Mapping[str, alt.TopLevelMixin], home: str | None
) -> tuple[str, list[str]]:
    """Return the HTML of the page, and the paths of the images that it shows.

    Parameters
    ----------
    report : str
        The text of REPORT.md.
    charts : mapping of str to chart
        By the name of the figure that each replaces.
    home : str, optional
        The address of the repository. If none is known, links lead to the folder above the page.
    """
    base = f"{home}/blob/HEAD/" if home else "../"
    document = convert(report, {name: _embedded(chart) for name, chart in charts.items()}, base)
    loader = jinja2.PackageLoader("capsnet_study.page")
    template = jinja2.Environment(loader=loader, autoescape=True).get_template("page.html.j2")
    title = report.partition("\n")[0].lstrip("# ")
    html = template.render(title=title, document=document, home=home)
    return html, document.images


def vega_library() -> str:
    """Return Vega, Vega-Lite and Vega-Embed as one script, of the version that Altair writes."""
    major, minor, *_ = alt.SCHEMA_VERSION.removeprefix("v").split(".")
    return vl_convert.javascript_bundle(vl_version=f"{major}.{minor}")


def _embedded(chart: alt.TopLevelMixin) -> str:
    """Return the HTML of a chart, in whose JSON no parser can find the end of the script."""
    specification = chart.to_dict()
    text = json.dumps(specification, ensure_ascii=False, separators=(",", ":"))
    return CHART.format(
        specification=text.replace("<", "\\u003c"), hint=specification["description"]
    )
