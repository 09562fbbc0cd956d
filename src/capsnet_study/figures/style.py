"""One look for every figure: sizes, colours, markers, and the bytes of a finished figure."""

import io
from collections.abc import Mapping
from typing import Literal, NamedTuple

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patheffects import withStroke

from capsnet_study.names import MODEL_NAMES, arm_name
from capsnet_study.training.arms import SOFT_N_ITER, Arm, CNNArm

DOUBLE = 7.0  # inches, the width of a journal page
SMALL = 6.5  # points, the size of the smallest text

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
    "legend.fontsize": SMALL,
    "legend.title_fontsize": SMALL,
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
INTERVAL = {  # a black line, cased in white so that it shows on a marker of any colour
    "color": "black",
    "linewidth": 0.9,
    "zorder": 5,
    "path_effects": [withStroke(linewidth=1.6, foreground="white")],
}
journal_style = matplotlib.rc_context(RC)  # decorates the functions that draw

NOTE_COLOUR = "#555555"
REFERENCE = {"color": NOTE_COLOUR, "linewidth": 0.8, "linestyle": ":", "zorder": 1.5}
DOMAIN_COLOURS = {"A": "#e08a5b", "B": "#6db3e0"}  # the paper's red and blue, safe for all eyes

# Cool colours for n and warm ones for eta, the lighter the farther from the usual n = 1, eta = 1:
# deuteranopes and protanopes, too, tell any two of these apart (a CIEDE2000 distance above 10).
N_ITER_COLOURS = {
    1.0: "#3d0f95",
    2.0: "#2255a8",
    3.0: "#346871",
    5.0: "#1489ab",
    7.0: "#3f976a",
    9.0: "#6cb874",
}
ETA_COLOURS = {0.01: "#f19827", 0.1: "#d25f43", 0.5: "#a42d4b", 1.0: "#70004c"}
FITNESS_COLOUR, CNN_COLOUR, CNN160_COLOUR = "#c77cff", "#000000", "#8c8c8c"
REVERSED_COLOUR = "#6b7f00"  # eta falls with fitness
LATE_COLOURS = {(9, 1): "#e69f00", (9, 3): "#d55e00", (3, 1): "#56b4e9"}  # by n after, before
OTHER_LATE_COLOUR = "#a6761d"
EARLY_COLOUR = "#e7298a"  # an early end
N_ITER_MARKERS = {1: "o", 2: "s", 3: "^", 5: "D", 7: "v", 9: "P"}
ETA_MARKERS = {0.01: "o", 0.02: "<", 0.05: "v", 0.1: "s", 0.2: "P", 0.5: "^", 1.0: "D"}


class Look(NamedTuple):
    """How one arm or model is drawn, in every figure."""

    label: str
    colour: str
    line: str | tuple[int, tuple[float, ...]] = "-"
    marker: str = "o"
    filled: bool = True

    @property
    def face(self) -> str:
        """The colour within the marker."""
        return self.colour if self.filled else "white"


CNN_LOOKS = {
    "cnn": Look("CNN", CNN_COLOUR, (0, (4, 2)), "X"),
    "cnn160": Look("CNN-160", CNN160_COLOUR, (0, (1, 1.2)), "d"),
}
OTHER_LOOK = Look("", "#b35900", (0, (5, 1, 1, 1)), "p")  # of a model without one of its own


def _colour(colours: Mapping[float, str], value: int | float) -> str:
    """The colour of a value; between two that have one, a mixture of theirs."""
    channels = np.array([to_rgb(colour) for colour in colours.values()]).T
    return to_hex([np.interp(value, list(colours), channel) for channel in channels])


def _eta_colour(eta: float) -> str:
    """The colour of an update rate: mixed by logarithms, as rates are chosen."""
    colours = {np.log(known): colour for known, colour in ETA_COLOURS.items()}
    return _colour(colours, np.log(max(eta, 1e-9)))


def arm_look(arm: Arm) -> Look:
    """Colour, line, marker and label of an arm, from what it is and never from its key."""
    label = arm_name(arm)
    if isinstance(arm, CNNArm):
        return CNN_LOOKS.get(arm.model, OTHER_LOOK)._replace(label=label)
    dash = "-" if arm.gradient == "full" else (0, (3, 1.5))
    if arm.follows_fitness:
        if arm.eta_max < arm.eta:
            return Look(label, REVERSED_COLOUR, dash, "X")
        return Look(label, FITNESS_COLOUR, dash, "*")
    marker = N_ITER_MARKERS.get(arm.n_iter, "h")
    if arm.routed_from > 0:
        colour = LATE_COLOURS.get((arm.n_iter, arm.n_iter_outside), OTHER_LATE_COLOUR)
        dash = (0, (5, 1.5)) if arm.n_iter_outside == 1 else (0, (5, 1.5, 1, 1.5))
        return Look(label, colour, dash, marker)
    if arm.routed_until < 1:
        return Look(label, EARLY_COLOUR, (0, (2, 1)), marker)
    if arm.n_iter == SOFT_N_ITER or arm.eta < 1:
        return Look(label, _eta_colour(arm.eta), dash, ETA_MARKERS.get(arm.eta, "h"))
    return Look(label, _colour(N_ITER_COLOURS, arm.n_iter), dash, marker)


# The main CapsNet is the arm n = 3, the uniform one the arm n = 1: the same colours.
MODEL_LOOKS = {
    "capsnet": Look(MODEL_NAMES["capsnet"], N_ITER_COLOURS[3], "-", "^"),
    "uniform": Look(MODEL_NAMES["uniform"], N_ITER_COLOURS[1], "-", "o"),
    "cnn": Look(MODEL_NAMES["cnn"], CNN_COLOUR, (0, (4, 2)), "X"),
    "cnn_pre": Look(MODEL_NAMES["cnn_pre"], "#e7298a", (0, (3, 1, 1, 1)), "P"),
    "random_capsnet": Look(
        MODEL_NAMES["random_capsnet"], N_ITER_COLOURS[3], ":", "^", filled=False
    ),
    "random_cnn": Look(MODEL_NAMES["random_cnn"], CNN_COLOUR, ":", "X", filled=False),
    "pixels": Look(MODEL_NAMES["pixels"], "#e69f00", "-", "s"),
    "pca": Look(MODEL_NAMES["pca"], "#b35900", "-", "D"),
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
        x, y, text, transform=axes.transAxes, ha=align, va=base, fontsize=SMALL, color=NOTE_COLOUR
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
