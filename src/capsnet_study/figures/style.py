"""One look for every figure: sizes, colours, markers, and the bytes of a finished figure."""

import io
from typing import Literal, NamedTuple

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from capsnet_study.figures.arms import SOFT_N_ITER, Arm
from capsnet_study.names import MODEL_NAMES

DOUBLE = 7.0  # inches, the width of a journal page

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
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "legend.fontsize": 6.5,
    "legend.title_fontsize": 6.5,
    "legend.frameon": False,
    "legend.handlelength": 2.2,
    "legend.labelspacing": 0.3,
    "lines.linewidth": 1.2,
    "lines.markersize": 3.5,
    "hatch.linewidth": 0.7,
    "svg.fonttype": "path",
    "svg.hashsalt": "capsnet-study",
    "path.simplify": False,
}
journal_style = matplotlib.rc_context(RC)  # decorates the functions that draw

GREY = "#7f7f7f"
NOTE_COLOUR = "#555555"
DOMAIN_COLOURS = {"A": "#e08a5b", "B": "#6db3e0"}  # the paper's red and blue, safe for all eyes


class Look(NamedTuple):
    """How one arm or model is drawn, in every figure."""

    label: str
    colour: str
    line: str | tuple[int, tuple[float, ...]] = "-"
    marker: str = "o"
    filled: bool = True


def _n_iter_colour(n_iter: int | float) -> str:
    """A step of viridis; the square root spreads the small numbers, where curves crowd."""
    position = min((np.sqrt(n_iter) - 1) / 2, 1.0)
    return to_hex(matplotlib.colormaps["viridis"](0.90 * position))


def _eta_colour(eta: float) -> str:
    """A step of plasma, from dark blue at eta = 1 to orange towards eta = 0."""
    return to_hex(matplotlib.colormaps["plasma"](0.90 * (1 - np.sqrt(eta))))


N_ITER_MARKERS = {1: "o", 2: "s", 3: "^", 5: "D", 7: "v", 9: "P"}
ETA_MARKERS = {0.01: "o", 0.1: "s", 0.5: "^", 1.0: "D"}


def arm_look(arm: Arm) -> Look:
    """Colour, line, marker and label of an arm, from what it is and never from its name."""
    if arm.model == "cnn":
        return Look("CNN", GREY, (0, (4, 2)), "X")
    if arm.model != "capsnet":
        return Look("CNN-160", "#a9a9a9", (0, (1, 1.2)), "d")
    dash = "-" if arm.gradient == "full" else (0, (3, 1.5))
    suffix = "" if arm.gradient == "full" else ", gradient last"
    if arm.follows_fitness:
        return Look(f"η by fitness{suffix}", "#000000", dash, "*")
    if arm.n_iter == SOFT_N_ITER or arm.eta < 1:
        marker = ETA_MARKERS.get(arm.eta, "h")
        return Look(f"η = {arm.eta:g}{suffix}", _eta_colour(arm.eta), dash, marker)
    marker = N_ITER_MARKERS.get(int(arm.n_iter), "h")
    return Look(f"n = {arm.n_iter:.0f}{suffix}", _n_iter_colour(arm.n_iter), dash, marker)


# The main CapsNet is the arm n = 3, the uniform one the arm n = 1: the same colours.
MODEL_LOOKS = {
    "capsnet": Look(MODEL_NAMES["capsnet"], _n_iter_colour(3), "-", "^"),
    "uniform": Look(MODEL_NAMES["uniform"], _n_iter_colour(1), "-", "o"),
    "cnn": Look(MODEL_NAMES["cnn"], GREY, (0, (4, 2)), "X"),
    "random_capsnet": Look(
        MODEL_NAMES["random_capsnet"], _n_iter_colour(3), ":", "^", filled=False
    ),
    "random_cnn": Look(MODEL_NAMES["random_cnn"], GREY, ":", "X", filled=False),
    "pixels": Look(MODEL_NAMES["pixels"], "#e69f00", "-", "s"),
    "pca": Look(MODEL_NAMES["pca"], "#cc79a7", "-", "D"),
}


def new_figure(width: float, height: float) -> Figure:
    """An empty figure (inches) that is tied to no window and no global state."""
    return Figure(figsize=(width, height), layout="constrained")


def panel_title(axes: Axes, letter: str, text: str) -> None:
    """A bold panel letter and a short title, flush left."""
    axes.set_title(rf"$\bf{{{letter}}}$   {text}", loc="left")


def note(axes: Axes, text: str, x: float = 0.98, y: float = 0.02) -> None:
    """Small print inside the panel: what the shading is and how many trials it is from."""
    align = "right" if x > 0.5 else "left"
    base = "bottom" if y < 0.5 else "top"
    axes.text(
        x, y, text, transform=axes.transAxes, ha=align, va=base, fontsize=6, color=NOTE_COLOUR
    )


def _settle(figure: Figure) -> None:
    """Lay the figure out once and for all: repeated drawing would move things a little."""
    if not isinstance(figure.get_layout_engine(), ConstrainedLayoutEngine):
        return
    for _ in range(2):  # the second pass knows the sizes of legends and labels from the first
        figure.draw_without_rendering()
    figure.set_layout_engine("none")


def render(figure: Figure, format: Literal["png", "svg"], dpi: int) -> bytes:
    """The file content of a figure; equal figures give equal bytes.

    Parameters
    ----------
    figure : Figure
    format : {"png", "svg"}
    dpi : int
        Dots an inch; it sets the size in pixels of a PNG.

    Returns
    -------
    bytes
    """
    metadata = {"Software": None} if format == "png" else {"Date": None}
    with matplotlib.rc_context(RC), io.BytesIO() as buffer:
        _settle(figure)
        figure.savefig(buffer, format=format, dpi=dpi, metadata=metadata)
        return buffer.getvalue()
