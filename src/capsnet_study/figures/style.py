"""One style for every figure: sizes, colours, markers, and the bytes of a finished figure."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from capsnet_study.names import MODEL_NAMES, arm_name
from capsnet_study.training.arms import SOFT_N_ITER, Arm, CNNArm

WIDTH = 6.5  # inches, of a page
SMALL = 7.0  # points, the size of the smallest text

RC = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same on every machine
    "font.size": 7.5,
    "axes.titlesize": 8,
    "axes.labelsize": 7.5,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.5,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "legend.fontsize": SMALL,
    "legend.frameon": False,
    "legend.handlelength": 2.0,
    "legend.labelspacing": 0.3,
    "lines.linewidth": 1.2,
    "lines.markersize": 3.8,
    "hatch.linewidth": 0.7,
    "svg.fonttype": "path",
    "svg.hashsalt": "capsnet-study",
    "path.simplify": False,
}
journal_style = matplotlib.rc_context(RC)  # in which all figures are drawn

MISSING = "not in this run"
NOTE_COLOUR = "#555555"
REFERENCE = {"color": NOTE_COLOUR, "linewidth": 0.8, "linestyle": ":", "zorder": 1.5}

# Okabe and Ito's palette, for what is neither an arm nor a model.
BLUE, SKY, GREEN, ORANGE, VERMILION, PURPLE = (
    "#0072b2", "#56b4e9", "#009e73", "#e69f00", "#d55e00", "#cc79a7",
)  # fmt: skip
DOMAIN_COLOURS = {"A": "#e08a5b", "B": "#6db3e0"}  # the paper's red and blue, colour-blind safe

# Cool colours for n and warm ones for eta, the lighter the farther from the usual n = 1, eta = 1:
# deuteranopes and protanopes, too, can distinguish any two (a CIEDE2000 distance above 10).
N_ITER_COLOURS = {
    1.0: "#3d0f95",
    2.0: "#2255a8",
    3.0: "#346871",
    5.0: "#1489ab",
    7.0: "#3f976a",
    9.0: "#6cb874",
}
ETA_COLOURS = {0.01: "#f19827", 0.1: "#d25f43", 0.5: "#a42d4b", 1.0: "#70004c"}
LATE_COLOURS = {(9, 1): ORANGE, (9, 3): VERMILION, (3, 1): SKY}  # by n after the switch, before it
N_ITER_MARKERS = {1: "o", 2: "s", 3: "^", 5: "D", 7: "v", 9: "P"}
ETA_MARKERS = {0.01: "o", 0.02: "<", 0.05: "v", 0.1: "s", 0.2: "P", 0.5: "^", 1.0: "D"}


class Look(NamedTuple):
    """How one arm, model or family is drawn, in every figure."""

    label: str
    colour: str
    line: str | tuple[int, tuple[float, ...]] = "-"
    marker: str = "o"
    filled: bool = True

    @property
    def points(self) -> dict[str, object]:
        """Matplotlib's words for its markers."""
        face = self.colour if self.filled else "white"
        return {"color": self.colour, "marker": self.marker, "markerfacecolor": face}


CNN_LOOKS = {
    "cnn": Look("CNN", "#000000", (0, (4, 2)), "X"),
    "cnn160": Look("CNN-160", "#8c8c8c", (0, (1, 1.2)), "d"),
}


def arm_look(arm: Arm) -> Look:
    """Return colour, line, marker and label of an arm, from what it is and never from its key."""
    label = arm_name(arm)
    if isinstance(arm, CNNArm):
        return CNN_LOOKS[arm.model]._replace(label=label)
    dash = "-" if arm.gradient == "full" else (0, (3, 1.5))
    if arm.follows_fitness:
        rises = arm.eta_max > arm.eta
        return Look(label, *("#c77cff", dash, "*") if rises else ("#6b7f00", dash, "X"))
    marker = N_ITER_MARKERS.get(arm.n_iter, "h")
    if arm.routed_from > 0:
        colour = LATE_COLOURS.get((arm.n_iter, arm.n_iter_outside), "#a6761d")
        return Look(label, colour, (0, (5, 1.5)), marker)
    if arm.routed_until < 1:
        return Look(label, "#e7298a", (0, (2, 1)), marker)
    if arm.n_iter == SOFT_N_ITER or arm.eta < 1:
        rates = {np.log(eta): colour for eta, colour in ETA_COLOURS.items()}
        colour = _between(rates, np.log(max(arm.eta, 1e-9)))
        return Look(label, colour, dash, ETA_MARKERS.get(arm.eta, "h"))
    return Look(label, _between(N_ITER_COLOURS, arm.n_iter), dash, marker)


def _between(colours: Mapping[float, str], value: int | float) -> str:
    """Return the colour of a value; between two that have one, a mixture of theirs."""
    channels = np.array([to_rgb(colour) for colour in colours.values()]).T
    return to_hex([np.interp(value, list(colours), channel) for channel in channels])


# The main CapsNet is the arm n = 3, the uniform one the arm n = 1: the same colours.
MODEL_LOOKS = {
    key: look._replace(label=MODEL_NAMES[key])
    for key, look in {
        "capsnet": Look("", N_ITER_COLOURS[3], "-", "^"),
        "uniform": Look("", N_ITER_COLOURS[1], "-", "o"),
        "cnn": CNN_LOOKS["cnn"],
        "cnn_pre": Look("", "#e7298a", "-", "P"),
        "cnn_decay": Look("", "#666666", "-", "v"),
        "random_capsnet": Look("", N_ITER_COLOURS[3], ":", "^", filled=False),
        "random_cnn": Look("", "#000000", ":", "X", filled=False),
        "pixels": Look("", ORANGE, "-", "s"),
        "pca": Look("", "#b35900", "-", "D"),
    }.items()
}


def new_figure(height: int | float) -> Figure:
    """Return an empty figure of a height in inches, tied to no window and no global state."""
    return Figure(figsize=(WIDTH, height), layout="constrained")


def panel_title(axes: Axes, letter: str, text: str) -> None:
    """Write a bold panel letter and a short title, flush left."""
    axes.set_title(rf"$\bf{{{letter}}}$   {text}", loc="left")


def say_missing(figure: Figure) -> Figure:
    """Say in each panel without data that this run has nothing to show there."""
    for axes in figure.axes:
        if axes.axison and not axes.has_data():
            axes.text(
                0.5, 0.5, MISSING, transform=axes.transAxes, ha="center", va="center",
                color=NOTE_COLOUR,
            )  # fmt: skip
    return figure


def handles(looks: Iterable[Look], lines: bool = False) -> list[Line2D]:
    """Return the entries of a legend: markers, with their lines if these are drawn."""
    return [
        Line2D([], [], linestyle=look.line if lines else "", label=look.label, **look.points)
        for look in looks
    ]


def legend_below(figure: Figure, looks: Iterable[Look], columns: int, lines: bool = False) -> None:
    """Draw one legend for all panels, below them."""
    figure.legend(
        handles=handles(looks, lines), loc="outside lower center", ncols=columns, columnspacing=1.2
    )


def render(figure: Figure, format: Literal["png", "svg"], dpi: int) -> bytes:
    """Return the file content of a figure; the same figure always gives the same bytes.

    Parameters
    ----------
    figure : Figure
    format : {"png", "svg"}
    dpi : int
        Dots per inch; it sets the size in pixels of a PNG.

    Returns
    -------
    bytes
    """
    metadata = {"Software": None} if format == "png" else {"Date": None}
    with matplotlib.rc_context(RC), io.BytesIO() as buffer:
        _settle(figure)
        figure.savefig(buffer, format=format, dpi=dpi, metadata=metadata)
        return buffer.getvalue()


def _settle(figure: Figure) -> None:
    """Fix the layout of a figure, which repeated drawing would otherwise shift a little."""
    for _ in range(2):  # the second pass knows the sizes of legends and labels from the first
        figure.draw_without_rendering()
    figure.set_layout_engine("none")
