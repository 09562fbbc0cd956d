"""Figure 6: which digit pairs make a domain, and what each transfer scheme keeps and re-trains."""

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from capsnet_study.figures.style import (
    DOMAIN_COLOURS,
    DOUBLE,
    NOTE_COLOUR,
    SMALL,
    journal_style,
    new_figure,
    panel_title,
)
from capsnet_study.names import SCHEME_GROUPS

UPPER_LAYERS = 3
RANDOM_COLOUR = "#d9d9d9"
RETRAINED, TUNED = "xxxxx", "/////"


class Kept(NamedTuple):
    """Where the lower layers of a scheme come from, how many there are, and are they trained on."""

    source: str
    layers: int
    tuned: bool = False


KEPT = {
    "A1B": Kept("A", 1),
    "A2B": Kept("A", 2),
    "B1B": Kept("B", 1),
    "B2B": Kept("B", 2),
    "A1B+": Kept("A", 1, tuned=True),
    "A2B+": Kept("A", 2, tuned=True),
    "B1B+": Kept("B", 1, tuned=True),
    "B2B+": Kept("B", 2, tuned=True),
    "R1B": Kept("R", 1),
    "R2B": Kept("R", 2),
}
"""By scheme; the bases keep none."""


class LayerState(NamedTuple):
    """The colour of a layer in the schematic, and the hatch that tells how it was trained."""

    colour: str
    hatch: str


def scheme_positions(gap: float = 0.7) -> dict[str, float]:
    """Where each scheme stands on the x axis: neighbours one apart, groups wider."""
    positions, x = {}, 0.0
    for group in SCHEME_GROUPS.values():
        for scheme in group:
            positions[scheme] = x
            x += 1
        x += gap
    return positions


def scheme_label(scheme: str) -> str:
    """The name of a scheme, in lines that are no wider than a tower.

    >>> scheme_label("base_long")
    'base\\nlong'
    """
    return scheme.replace("_", "\n")


def scheme_layers(scheme: str) -> list[LayerState]:
    """Return the convolutions and the three layers above them, from the bottom (figure 6b)."""
    if scheme not in KEPT:
        return [LayerState(DOMAIN_COLOURS["B"], "")] * (1 + UPPER_LAYERS)
    kept = KEPT[scheme]
    colour = DOMAIN_COLOURS.get(kept.source, RANDOM_COLOUR)
    lower = LayerState(colour, TUNED if kept.tuned else "")
    upper = LayerState(DOMAIN_COLOURS["B"], RETRAINED)
    return [lower] * (1 + kept.layers) + [upper] * (UPPER_LAYERS - kept.layers)


def group_centres(positions: dict[str, float]) -> dict[str, float]:
    """The middle of each group of schemes on the x axis, by its heading."""
    return {
        heading: (positions[group[0]] + positions[group[-1]]) / 2
        for heading, group in SCHEME_GROUPS.items()
    }


def _draw_split(
    axes: Axes, pairs_a: Sequence[tuple[int, int]], pairs_b: Sequence[tuple[int, int]]
) -> None:
    """The 45 digit pairs as a triangle: the colour and the letter of the domain of each."""
    for domain, pairs in (("A", pairs_a), ("B", pairs_b)):
        for pair in pairs:
            low, high = sorted(pair)
            axes.add_patch(
                Rectangle((low - 0.5, high - 0.5), 1, 1, facecolor=DOMAIN_COLOURS[domain],
                          edgecolor="white", linewidth=0.8)
            )  # fmt: skip
            axes.text(low, high, domain, ha="center", va="center", fontsize=SMALL)
    axes.set(xlim=(-0.5, 8.5), ylim=(9.5, 0.5), aspect="equal", anchor="N")
    axes.set_xticks(range(9))
    axes.set_yticks(range(1, 10))
    axes.tick_params(length=0, labelsize=SMALL)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("lower digit")
    axes.set_ylabel("higher digit")


def _draw_towers(axes: Axes) -> None:
    """A tower of layers a scheme: convolutions at the bottom, classes on top."""
    positions = scheme_positions()
    for scheme, x in positions.items():
        for level, state in enumerate(scheme_layers(scheme)):
            bottom, height = (-0.35, 1.15) if level == 0 else (level, 0.8)
            axes.add_patch(
                Rectangle((x - 0.38, bottom), 0.76, height, facecolor=state.colour,
                          hatch=state.hatch, edgecolor="white", linewidth=0)
            )  # fmt: skip
        axes.text(x, -0.5, scheme_label(scheme), ha="center", va="top", fontsize=SMALL)
    for text, centre in group_centres(positions).items():
        axes.text(centre, 4.0, text, ha="center", va="bottom", fontsize=SMALL, color=NOTE_COLOUR)
    levels = ["convolutions", "layer 1", "layer 2", "classes"]
    axes.set_yticks([0.22, 1.4, 2.4, 3.4], labels=levels)
    axes.tick_params(length=0)
    axes.set(xticks=[], xlim=(-0.7, max(positions.values()) + 0.6), ylim=(-1.4, 4.8))
    axes.spines[:].set_visible(False)


def _legend(axes: Axes) -> None:
    """What colours and hatches mean, under the towers."""
    plain, white = {"linewidth": 0}, {"edgecolor": "white", "linewidth": 0}
    handles = [
        Patch(facecolor=DOMAIN_COLOURS["A"], label="as trained on A", **plain),
        Patch(facecolor=DOMAIN_COLOURS["B"], label="as trained on B", **plain),
        Patch(facecolor=RANDOM_COLOUR, label="random, never trained", **plain),
        Patch(facecolor=DOMAIN_COLOURS["B"], hatch=RETRAINED, label="new, trained on B", **white),
        Patch(facecolor=DOMAIN_COLOURS["A"], hatch=TUNED, label="A, fine-tuned on B", **white),
        Patch(facecolor=DOMAIN_COLOURS["B"], hatch=TUNED, label="B, fine-tuned on B", **white),
    ]
    axes.legend(
        handles=handles, ncols=3, loc="upper center", bbox_to_anchor=(0.5, 0.0),
        handlelength=1.8, handleheight=1.1, borderaxespad=0.2,
    )  # fmt: skip


@journal_style
def figure_schemes(
    pairs_a: Sequence[tuple[int, int]], pairs_b: Sequence[tuple[int, int]]
) -> Figure:
    """Figure 6: (a) a split of the 45 digit pairs into two domains, (b) the transfer schemes.

    Parameters
    ----------
    pairs_a, pairs_b : sequences of pairs of digits
        The digit pairs of domain A and of domain B.
    """
    figure = new_figure(DOUBLE, 2.5)
    left, right = figure.subplots(1, 2, width_ratios=[1, 2.5])
    _draw_split(left, pairs_a, pairs_b)
    panel_title(left, "a", "two domains")
    _draw_towers(right)
    _legend(right)
    panel_title(right, "b", "transfer schemes, target domain B")
    return figure
