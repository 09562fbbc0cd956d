"""Figure 1: the two networks, drawn from their layer sizes, and example images."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Integer, UInt8
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch, Rectangle

from capsnet_study.common.sizes import CLASSES, CONV1_SIZE, CONV2_SIZE, IMAGE_SIZE, KERNEL
from capsnet_study.figures.style import (
    DOUBLE,
    MODEL_LOOKS,
    NOTE_COLOUR,
    SMALL,
    journal_style,
    new_figure,
    panel_title,
)
from capsnet_study.models.params import ModelParams

SPACING, HALF = 1.55, 0.38  # from layer to layer; from the middle of a layer to its arrows
CONV1 = f"{KERNEL} × {KERNEL}"
CONV2 = f"{CONV1}\nstride 2"


class LayerBox(NamedTuple):
    """A layer of a schematic: its name, its size as text, its glyph, how it is reached."""

    name: str
    size_text: str
    glyph: Literal["image", "maps", "capsules", "units"] = "units"
    link: str = ""  # what leads into it: a convolution, a routing operator, full connection
    studied: bool = False  # the layer whose activations the study looks at


def capsnet_layers(model: ModelParams) -> list[LayerBox]:
    """The layers of the CapsNet (paper figure 1, above), from the `model` parameters."""
    primary = CONV2_SIZE**2 * model.primary_groups
    return [
        LayerBox("Image", f"{IMAGE_SIZE} × {IMAGE_SIZE}", "image"),
        LayerBox(
            "Conv1",
            f"{CONV1_SIZE} × {CONV1_SIZE} × {model.conv_channels}",
            "maps",
            CONV1,
        ),
        LayerBox(
            "PrimaryCaps",
            _capsules(primary, model.primary_dim),
            "capsules",
            CONV2,
        ),
        LayerBox("Cap1", _capsules(model.cap1_capsules, model.capsule_dim), "capsules", "R1", True),
        LayerBox("Classes", _capsules(CLASSES, model.capsule_dim), "capsules", "R2"),
    ]


def _capsules(number: int, dim: int) -> str:
    """The size of a layer of capsules.

    >>> _capsules(3200, 8)
    '3,200 capsules\\n× 8 dim.'
    """
    return f"{number:,} capsules\n× {dim} dim."


def cnn_layers(model: ModelParams) -> list[LayerBox]:
    """The layers of the CNN (paper figure 1, below): as many neurons in each as the CapsNet."""
    linear1 = model.cap1_capsules * model.capsule_dim
    second = f"{CONV2_SIZE} × {CONV2_SIZE} × {model.primary_groups * model.primary_dim}"
    return [
        LayerBox("Image", f"{IMAGE_SIZE} × {IMAGE_SIZE}", "image"),
        LayerBox(
            "Conv1",
            f"{CONV1_SIZE} × {CONV1_SIZE} × {model.conv_channels}",
            "maps",
            CONV1,
        ),
        LayerBox("Conv2", second, "maps", CONV2),
        LayerBox("Linear1", f"{linear1} units", "units", "full", True),
        LayerBox("Classes", f"{CLASSES} units", "units", "full"),
    ]


def _draw_maps(axes: Axes, x: float, colour: str, sheets: int) -> None:
    """Square sheets one behind the other: the image, or the feature maps of a convolution."""
    for sheet in reversed(range(sheets)):
        shift = 0.06 * (sheet - (sheets - 1) / 2)
        corner = (x - 0.24 + shift, -0.24 + shift)
        axes.add_patch(Rectangle(corner, 0.48, 0.48, facecolor="white", edgecolor=colour, lw=0.9))


def _draw_capsules(axes: Axes, x: float, colour: str) -> None:
    """A column of capsules, each a bar of a few neurons."""
    for y in (-0.3, -0.1, 0.1, 0.3):
        for cell in range(4):
            corner = (x - 0.2 + 0.1 * cell, y - 0.055)
            axes.add_patch(
                Rectangle(corner, 0.1, 0.11, facecolor=colour, edgecolor="white", lw=0.6)
            )


def _draw_units(axes: Axes, x: float, colour: str) -> None:
    """A column of single neurons."""
    for y in (-0.32, -0.16, 0.0, 0.16, 0.32):
        axes.add_patch(Circle((x, y), 0.062, facecolor=colour, edgecolor="white", lw=0.6))


def _draw_layer(axes: Axes, x: float, layer: LayerBox, colour: str) -> None:
    if layer.studied:
        frame = FancyBboxPatch(
            (x - 0.33, -0.43), 0.66, 0.86, boxstyle="round,pad=0,rounding_size=0.08",
            facecolor=colour, alpha=0.14, linewidth=0,
        )  # fmt: skip
        axes.add_patch(frame)
    if layer.glyph == "capsules":
        _draw_capsules(axes, x, colour)
    elif layer.glyph == "units":
        _draw_units(axes, x, colour)
    else:
        _draw_maps(axes, x, colour, 1 if layer.glyph == "image" else 4)
    weight = "bold" if layer.studied else "normal"
    axes.text(x, -0.56, layer.name, ha="center", va="top", fontsize=7, weight=weight)
    axes.text(x, -0.75, layer.size_text, ha="center", va="top", fontsize=SMALL, color=NOTE_COLOUR)


def _draw_link(axes: Axes, x: float, link: str) -> None:
    """The arrow into the layer at `x`; routing operators stand in a circle."""
    arrow = {"arrowstyle": "-|>", "lw": 0.8, "color": "#444444", "mutation_scale": 7}
    start, end = x - SPACING + HALF, x - HALF
    axes.annotate("", (end, 0), (start, 0), arrowprops={**arrow, "shrinkA": 0})
    middle = (start + end) / 2
    if link.startswith("R"):
        axes.text(
            middle, 0, link, ha="center", va="center", fontsize=7, weight="bold", zorder=5,
            bbox={"boxstyle": "circle,pad=0.2", "facecolor": "white", "edgecolor": "#444444"},
        )  # fmt: skip
    else:
        above, *below = link.split("\n")
        small = {"ha": "center", "fontsize": SMALL, "color": NOTE_COLOUR}
        axes.text(middle, 0.07, above, va="bottom", **small)
        axes.text(middle, -0.07, "".join(below), va="top", **small)


def _draw_network(axes: Axes, layers: Sequence[LayerBox], colour: str) -> None:
    for index, layer in enumerate(layers):
        if index:
            _draw_link(axes, index * SPACING, layer.link)
        _draw_layer(axes, index * SPACING, layer, colour)
    axes.set(xlim=(-0.45, (len(layers) - 1) * SPACING + 0.5), ylim=(-1.2, 0.5), aspect="equal")
    axes.axis("off")


@journal_style
def figure_architectures(
    capsnet_layers: Sequence[LayerBox],
    cnn_layers: Sequence[LayerBox],
    images: UInt8[np.ndarray, "n 36 36"],
    labels: Integer[np.ndarray, "n 2"],
) -> Figure:
    """Figure 1: CapsNet with its routing operators, the CNN, and images with their two digits.

    Parameters
    ----------
    capsnet_layers, cnn_layers : sequences of LayerBox
        From input to classes, as `capsnet_layers` and `cnn_layers` give them.
    images : uint8 array [n, 36, 36]
        Multi-MNIST examples; six to ten fit the width.
    labels : integer array [n, 2]
        The two digits of each.
    """
    figure = new_figure(DOUBLE, 2.3)
    diagrams, strip = figure.subfigures(2, 1, height_ratios=[1.25, 1])
    for axes, letter, title, layers, model in zip(
        diagrams.subplots(1, 2), "ab", ("CapsNet", "CNN"), (capsnet_layers, cnn_layers),
        ("capsnet", "cnn"), strict=True,
    ):  # fmt: skip
        _draw_network(axes, layers, MODEL_LOOKS[model].colour)
        panel_title(axes, letter, title)
    panels = np.atleast_1d(strip.subplots(1, len(images)))
    for axes, image, (first, second) in zip(panels, images, labels, strict=True):
        axes.imshow(image, cmap="gray_r", vmin=0, vmax=255)
        axes.set_xlabel(f"{first}, {second}", labelpad=2)
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set(visible=True, color="#bbbbbb")
    panel_title(panels[0], "c", "Multi-MNIST")
    return figure
