"""The page: text, table of contents and charts in one HTML file that needs nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import jinja2
import vl_convert

from capsnet_study.explorer.document import convert, shown_figures
from capsnet_study.explorer.exhibits import Exhibit

FONT = "system-ui, sans-serif"
CHART_LOOK = {
    "font": FONT,
    "background": "#ffffff",
    "autosize": {"type": "pad", "resize": True},  # labels may grow with what is chosen
    "axis": {"gridColor": "#e6e6e6", "titleFontWeight": 500, "titleFontSize": 12},
    "axisY": {"labelLimit": 300},
    "legend": {"titleFontWeight": 500},
    "view": {"stroke": "#cccccc"},
}


def render_page(
    report: str, figures: Mapping[str, bytes], exhibits: Sequence[Exhibit], base: str
) -> str:
    """Return the HTML of the page: the same for the same arguments.

    Parameters
    ----------
    report : str
        The text of REPORT.md.
    figures : mapping of str to bytes
        SVG files by name: every figure of the report.
    exhibits : sequence of Exhibit
        Each stands below the figure it goes with, those of figures that the report does not show
        at the end.
    base : str
        The path from the page to the folder of the report.
    """
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=True,
        loader=jinja2.PackageLoader("capsnet_study.explorer"),
    )  # fmt: skip
    place = environment.get_template("exhibit.html.j2")
    shown = shown_figures(report)
    placed = [exhibit for exhibit in exhibits if exhibit.figure in shown]
    inserts: dict[str, str] = {}
    for exhibit in placed:
        html = place.render(exhibit=exhibit, base=base)
        inserts[exhibit.figure] = inserts.get(exhibit.figure, "") + html
    others = [exhibit for exhibit in exhibits if exhibit.figure not in shown]
    return environment.get_template("report.html.j2").render(
        document=convert(report, figures, inserts, base),
        placed=placed,
        others=others,
        base=base,
        library=vega_library(),
        specs=_script({exhibit.id: _described(exhibit) for exhibit in exhibits}),
        config=_script(CHART_LOOK),
    )


def vega_library() -> str:
    """Return Vega, Vega-Lite and Vega-Embed as one script, of the version that Altair writes."""
    major, minor, *_ = alt.SCHEMA_VERSION.split(".")
    return vl_convert.javascript_bundle(vl_version=f"{major}.{minor}")


def _described(exhibit: Exhibit) -> dict[str, Any]:
    """Return what Vega draws, with words for those who cannot see it."""
    return exhibit.chart.to_dict() | {"description": f"{exhibit.title}. {exhibit.hint}"}


def _script(value: object) -> str:
    """Return a value as JavaScript that no HTML parser takes for the end of the script."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")
