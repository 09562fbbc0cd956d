"""Figure 1: the two networks, drawn from their layer sizes, and example images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Integer, UInt8
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from capsnet_study.common.sizes import CLASSES, CONV1_SIZE, CONV2_SIZE, IMAGE_SIZE, KERNEL
from capsnet_study.figures import style
from capsnet_study.figures.marks import show_image
from capsnet_study.models.params import ModelParams

CONV1, CONV2 = f"{KERNEL} × {KERNEL}", f"{KERNEL} × {KERNEL}, stride 2"
BOX, PITCH = 0.75, 1.55  # width of a layer, and from layer to layer
ARROW = {"arrowstyle": "-|>", "color": style.NOTE_COLOUR, "shrinkA": 0, "shrinkB": 0}


class Layer(NamedTuple):
    """A layer of a schematic: its name, its size, and what leads into it."""

    name: str
    size: str
    link: str = ""
    studied: bool = False  # whether the study analyses its activations


def capsnet_layers(model: ModelParams) -> list[Layer]:
    """Return the layers of the CapsNet, from the image to the classes."""
    primary = f"{CONV2_SIZE**2 * model.primary_groups:,} capsules\n× {model.primary_dim}"
    dim = model.capsule_dim
    return [
        *_lower_layers(model),
        Layer("PrimaryCaps", primary, CONV2),
        Layer("Cap1", f"{model.cap1_capsules} capsules\n× {dim}", "R1", studied=True),
        Layer("Classes", f"{CLASSES} capsules\n× {dim}", "R2"),
    ]


def cnn_layers(model: ModelParams) -> list[Layer]:
    """Return the layers of the CNN, with as many neurons in each as the CapsNet has."""
    channels = model.primary_groups * model.primary_dim
    units = model.cap1_capsules * model.capsule_dim
    return [
        *_lower_layers(model),
        Layer("Conv2", f"{CONV2_SIZE} × {CONV2_SIZE}\n× {channels}", CONV2),
        Layer("Linear1", f"{units} units", "linear", studied=True),
        Layer("Classes", f"{CLASSES} units", "linear"),
    ]


def _lower_layers(model: ModelParams) -> list[Layer]:
    return [
        Layer("Image", f"{IMAGE_SIZE} × {IMAGE_SIZE}"),
        Layer("Conv1", f"{CONV1_SIZE} × {CONV1_SIZE}\n× {model.conv_channels}", CONV1),
    ]


def figure_architectures(
    model: ModelParams,
    images: UInt8[np.ndarray, "n 36 36"],
    labels: Integer[np.ndarray, "n 2"],
) -> Figure:
    """Draw (a) the CapsNet with its routing operators, (b) the CNN, (c) images with both digits.

    Parameters
    ----------
    model : ModelParams
    images : uint8 array [n, 36, 36]
        Multi-MNIST examples; six to ten fit the width.
    labels : integer array [n, 2]
        The two digits of each.
    """
    figure = style.new_figure(2.9)
    grid = figure.add_gridspec(3, len(images), height_ratios=[1, 1, 1.1])
    networks = {"capsnet": capsnet_layers(model), "cnn": cnn_layers(model)}
    for row, (letter, (name, layers)) in enumerate(zip("ab", networks.items(), strict=True)):
        axes = figure.add_subplot(grid[row, :])
        _draw_network(axes, layers, style.MODEL_LOOKS[name].colour)
        style.panel_title(axes, letter, style.MODEL_LOOKS[name].label)
    panels = [figure.add_subplot(grid[2, column]) for column in range(len(images))]
    for axes, image, (first, second) in zip(panels, images, labels, strict=True):
        show_image(axes, image, f"{first}, {second}")
    style.panel_title(panels[0], "c", "Multi-MNIST")
    return figure


def _draw_network(axes: Axes, layers: Sequence[Layer], colour: str) -> None:
    """Draw a row of boxes joined by arrows; the layer that the study analyses is bold."""
    for place, layer in enumerate(layers):
        x, weight = PITCH * place, "bold" if layer.studied else "normal"
        corner = (x - BOX / 2, -0.5)
        axes.add_patch(Rectangle(corner, BOX, 1, facecolor="white", edgecolor=colour))
        words = f"{layer.name}\n{layer.size}"
        axes.text(x, 0, words, ha="center", va="center", fontsize=style.SMALL, weight=weight)
        if place:
            start, end = x - PITCH + BOX / 2, x - BOX / 2
            axes.annotate("", (end, 0), (start, 0), arrowprops=ARROW)
            axes.text((start + end) / 2, 0.1, layer.link, ha="center", fontsize=style.SMALL)
    axes.set(xlim=(-0.4, PITCH * (len(layers) - 1) + 0.4), ylim=(-0.55, 0.55))
    axes.axis("off")
