"""Figure 6: the digit pairs of two domains, and what each transfer scheme keeps and trains."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from capsnet_study.figures import style
from capsnet_study.names import SCHEME_GROUPS

LAYERS = ("convolutions", "layer 1", "layer 2", "classes")
COLOURS = style.DOMAIN_COLOURS | {
    "R": "#d9d9d9"
}  # where a layer comes from; R: random, never trained
NEW, TUNED = "xxxxx", "/////"


class Layer(NamedTuple):
    """The source of the weights of a layer, and a hatch that shows how they are trained."""

    source: str
    hatch: str = ""


def scheme_layers(scheme: str) -> list[Layer]:
    """Return the layers of a scheme, from the bottom.

    >>> scheme_layers("A2B")[1:]
    [Layer(source='A', hatch=''), Layer(source='A', hatch=''), Layer(source='B', hatch='xxxxx')]
    """
    if scheme.startswith("base"):
        return [Layer("B")] * len(LAYERS)
    source, number = scheme[0], int(scheme[1])
    kept = [Layer(source, TUNED if scheme.endswith("+") else "")] * (1 + number)
    return kept + [Layer("B", NEW)] * (len(LAYERS) - len(kept))


def figure_schemes(
    pairs_a: Sequence[tuple[int, int]], pairs_b: Sequence[tuple[int, int]]
) -> Figure:
    """Draw (a) a split of the 45 digit pairs into two domains, (b) the transfer schemes.

    Parameters
    ----------
    pairs_a, pairs_b : sequences of pairs of digits
        The digit pairs of domain A and of domain B.
    """
    figure = style.new_figure(2.6)
    left, right = figure.subplots(1, 2, width_ratios=[1, 3.8])
    for domain, pairs in (("A", pairs_a), ("B", pairs_b)):
        for pair in pairs:
            _draw_pair(left, *sorted(pair), domain)
    left.set(xlim=(-0.5, 8.5), ylim=(9.5, 0.5), xticks=range(9), yticks=range(1, 10))
    left.set(xlabel="lower digit", ylabel="higher digit", aspect="equal", anchor="N")
    _draw_towers(right)
    for axes, letter, title in ((left, "a", "two domains"), (right, "b", "schemes, target B")):
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        style.panel_title(axes, letter, title)
    _legend(figure)
    return figure


def _draw_pair(axes: Axes, low: int, high: int, domain: str) -> None:
    corner = (low - 0.5, high - 0.5)
    axes.add_patch(Rectangle(corner, 1, 1, facecolor=COLOURS[domain], edgecolor="white"))
    axes.text(low, high, domain, ha="center", va="center", fontsize=style.SMALL)


def _draw_towers(axes: Axes) -> None:
    """Draw a tower of layers per scheme, with a gap between groups of schemes."""
    x, ticks = 0.0, {}
    for heading, schemes in SCHEME_GROUPS.items():
        axes.text(
            x + (len(schemes) - 1) / 2, len(LAYERS) - 0.4, heading, ha="center",
            fontsize=style.SMALL, color=style.NOTE_COLOUR,
        )  # fmt: skip
        for scheme in schemes:
            for level, layer in enumerate(scheme_layers(scheme)):
                axes.bar(
                    x, 0.84, 0.8, level - 0.42, color=COLOURS[layer.source], hatch=layer.hatch,
                    edgecolor="white", linewidth=0,
                )  # fmt: skip
            ticks[x] = "\n".join([*scheme.split("_"), ""][:2])  # two lines each, to align the first
            x += 1
        x += 0.4
    axes.set_xticks(list(ticks), labels=list(ticks.values()))
    axes.set_yticks(range(len(LAYERS)), labels=LAYERS)
    axes.set_ylim(-0.5, len(LAYERS) + 0.4)


def _legend(figure: Figure) -> None:
    """Say what colours and hatches mean."""
    words = {
        "trained on A": Layer("A"),
        "trained on B": Layer("B"),
        "random, never trained": Layer("R"),
        "new, trained on B": Layer("B", NEW),
        "trained on A, fine-tuned on B": Layer("A", TUNED),
        "trained on B, fine-tuned on B": Layer("B", TUNED),
    }
    patches = [
        Patch(facecolor=COLOURS[layer.source], hatch=layer.hatch, edgecolor="white", label=label)
        for label, layer in words.items()
    ]
    figure.legend(handles=patches, ncols=3, loc="outside lower right", handleheight=1.1)
