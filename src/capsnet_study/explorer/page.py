"""The page: text, table of contents and charts in one HTML file that needs nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from importlib.resources import files
from typing import Any, NamedTuple

import altair as alt
import jinja2
import vl_convert

from capsnet_study.explorer.document import convert

FONT = "system-ui, sans-serif"
CHART_LOOK = {
    "font": FONT,
    "axis": {"gridColor": "#e6e6e6", "titleFontWeight": 500, "titleFontSize": 12},
    "legend": {"titleFontWeight": 500},
    "view": {"stroke": "#cccccc"},
}


class Exhibit(NamedTuple):
    """An interactive chart.

    Attributes
    ----------
    id
        What links to it name.
    title
        One line.
    hint
        What a reader can do with it.
    chart
        An Altair chart of any kind.
    """

    id: str
    title: str
    hint: str
    chart: alt.TopLevelMixin


def render_page(
    report: str, figures: Mapping[str, bytes], exhibits: Mapping[str, Exhibit], base: str
) -> str:
    """Return the HTML of the page: the same for the same arguments.

    Parameters
    ----------
    report : str
        The text of REPORT.md.
    figures : mapping of str to bytes
        SVG files by name: every figure of the report.
    exhibits : mapping of str to Exhibit
        Charts by the figure of the report that they let a reader explore.
    base : str
        The path from the page to the folder of the report.
    """
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=True
    )
    inserts = {figure: _place(exhibit) for figure, exhibit in exhibits.items()}
    template = files("capsnet_study.explorer") / "templates" / "report.html.j2"
    text = template.read_text(encoding="utf-8")
    return environment.from_string(text).render(
        document=convert(report, figures, inserts, base),
        exhibits=list(exhibits.values()),
        library=vega_library(),
        specs=_script({exhibit.id: _described(exhibit) for exhibit in exhibits.values()}),
        config=_script(CHART_LOOK),
    )


def vega_library() -> str:
    """Return Vega, Vega-Lite and Vega-Embed as one script, of the version that Altair writes."""
    major, minor, *_ = alt.SCHEMA_VERSION.split(".")
    return vl_convert.javascript_bundle(vl_version=f"{major}.{minor}")


def _described(exhibit: Exhibit) -> dict[str, Any]:
    """Return what Vega draws, with words for those who cannot see it."""
    return exhibit.chart.to_dict() | {"description": f"{exhibit.title}. {exhibit.hint}"}


def _place(exhibit: Exhibit) -> str:
    """Return where a chart is drawn, with its words."""
    return (
        f'<figure class="exhibit" id="{escape(exhibit.id)}">\n'
        f"<figcaption><b>{escape(exhibit.title)}.</b> {escape(exhibit.hint)}</figcaption>\n"
        '<div class="chart"></div>\n'
        "</figure>\n"
    )


def _script(value: object) -> str:
    """Return a value as JavaScript that no HTML parser takes for the end of the script."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")
