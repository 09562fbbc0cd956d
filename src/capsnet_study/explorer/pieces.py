"""What several charts are built of: rows, menus, legends to click, zoom and lines to compare with.

Parameters have names of their own: those that Altair makes up count on from chart to chart, and
the page would not be the same each time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from capsnet_study.explorer.points import Row
from capsnet_study.figures.style import MODEL_LOOKS
from capsnet_study.names import MODEL_NAMES

WIDTH, HEIGHT = 540, 350
EXACT_MATCH = "exact match on test images"
PERCENT = "format(100 * datum.value, '~r') + ' %'"
READ = alt.Tooltip("words:N", title="mean [95 % interval]")
STEP = alt.Tooltip("step:Q", format=",")
SHAPES = {  # of the markers of the figures
    "o": "circle",
    "s": "square",
    "D": "diamond",
    "^": "triangle-up",
    "X": "cross",
    "P": "triangle-right",
    "|": "triangle-down",
}
DOTTED = {"strokeDash": [2, 3], "color": "#555555"}


def chart_of(rows: Sequence[Row]) -> alt.Chart:
    """Return a chart, still without marks, of rows that stand in the page."""
    return alt.Chart(alt.InlineData(values=list(rows)))


def sized(*layers: alt.Chart) -> alt.LayerChart:
    """Layers of the size that all charts over training have."""
    return alt.layer(*layers).properties(width=WIDTH, height=HEIGHT)


def picked_arms() -> alt.Parameter:
    """Arms clicked in the legend; all of them at first, and after a click elsewhere."""
    return alt.selection_point(name="picked", fields=["arm"], bind="legend")


def zoomed() -> alt.Parameter:
    """Both axes: dragged, and zoomed by the wheel, which scrolls the page without the key Ctrl."""
    return alt.selection_interval(name="zoom", bind="scales", zoom="wheel![event.ctrlKey]")


def buttons(name: str, title: str, options: Mapping[str, str]) -> alt.Parameter:
    """A parameter with a button for each of its values, as it reads; the first at first."""
    values = list(options)
    made = alt.binding_radio(options=values, labels=[*options.values()], name=f"{title} ")
    return alt.param(name=name, value=values[0] if values else "", bind=made)


def menu(name: str, title: str, options: Mapping[str, str], start: str) -> alt.Parameter:
    """A parameter with a drop-down menu of its values, each as it reads."""
    made = alt.binding_select(
        options=list(options), labels=list(options.values()), name=f"{title} "
    )
    return alt.param(name=name, value=start, bind=made)


def alike(names: Sequence[str]) -> dict[str, str]:
    """Return options of a menu that read as they are."""
    return {name: name for name in names}


def line_at(axis: str, value: int | None) -> alt.Chart:
    """A dotted line to compare with; none where the value is not known."""
    rule = chart_of([] if value is None else [{"at": value}]).mark_rule(**DOTTED)
    return rule.encode(**{axis: "at:Q"})


def scale_of(labels: Sequence[str], values: Sequence[Any]) -> alt.Scale:
    """A value for each label, in this order."""
    return alt.Scale(domain=list(labels), range=list(values)[: len(labels)])


def model_scales(models: Sequence[str]) -> tuple[alt.Scale, alt.Scale]:
    """Colours and shapes of models as in the figures, by what the models are called."""
    names, looks = ([kind[model] for model in models] for kind in (MODEL_NAMES, MODEL_LOOKS))
    shapes = [SHAPES[look.marker] for look in looks]
    return scale_of(names, [look.colour for look in looks]), scale_of(names, shapes)
