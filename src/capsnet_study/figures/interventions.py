"""What changing the couplings of trained networks costs, in points of exact match."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from capsnet_study.figures.causes import all_arms, plain_arms
from capsnet_study.figures.paired import (
    draw_row,
    finish_rows,
    points_axis,
    say_missing,
    spread_text,
)
from capsnet_study.figures.style import (
    DOUBLE,
    Look,
    journal_style,
    new_figure,
    panel_title,
)
from capsnet_study.names import CHANGED_LAYERS, CHANGES, arm_name
from capsnet_study.training.arms import Arms

LAYER_LOOKS = {
    "r1": Look(CHANGED_LAYERS["r1"], "#0072b2", "-", "o"),
    "r2": Look(CHANGED_LAYERS["r2"], "#d55e00", (0, (4, 1.5)), "s"),
    "both": Look(CHANGED_LAYERS["both"], "#000000", (0, (1, 1.2)), "D"),
}
SHOWN = [change for change in CHANGES if change != "n_test"]  # which has a figure of its own
PREFERRED, PANELS = (3, 9), 2
SIDES = {"r1": -0.24, "r2": 0.0, "both": 0.24}


def with_loss(interventions: pd.DataFrame) -> pd.DataFrame:
    """The table with `loss` (of the network as trained, less this one; points) for each row.

    The column `change` is called `intervention`.
    """
    rows = interventions.rename(columns={"change": "intervention"})
    none = rows.loc[rows["intervention"] == "none"].drop_duplicates(["arm", "trial"])
    own = none[["arm", "trial", "exact_match"]].rename(columns={"exact_match": "own"})
    rows = rows.merge(own, on=["arm", "trial"], how="left")
    return rows.assign(loss=100 * (rows["own"] - rows["exact_match"])).drop(columns="own")


def loss_rows(interventions: pd.DataFrame) -> pd.DataFrame:
    """Columns arm, trial, layer, name (of the change) and loss: those changes that are shown."""
    rows = with_loss(interventions)
    rows = rows[rows["intervention"].isin(SHOWN)]
    pairs = zip(rows["intervention"], rows["value"], strict=True)
    rows = rows.assign(
        order=rows["intervention"].map(SHOWN.index),
        name=[CHANGES[change].format(value) for change, value in pairs],
    )
    rows = rows.dropna(subset=["loss"]).sort_values(["order", "value"], kind="stable")
    return rows[["arm", "trial", "layer", "name", "loss"]]


def changed_arms(rows: pd.DataFrame, table: pd.DataFrame) -> Arms:
    """The arms shown: n = 3 and n = 9, or the first ones that there are."""
    there = {key: arm for key, arm in all_arms(table).items() if (rows["arm"] == key).any()}
    first = plain_arms(there, *PREFERRED) | there
    return {key: first[key] for key in list(first)[:PANELS]}


def _draw_arm(axes: Axes, rows: pd.DataFrame, names: list[str]) -> set[int]:
    """A row a change, a marker a layer; returns the numbers of trials."""
    counts = set()
    for place, name in enumerate(names):
        for layer, look in LAYER_LOOKS.items():
            chosen = rows.loc[(rows["name"] == name) & (rows["layer"] == layer), "loss"]
            found = draw_row(axes, place + SIDES[layer], chosen.to_numpy(float), look)
            counts |= {found.n} if found else set()
    return counts


def _legend(figure: Figure, counts: set[int]) -> None:
    handles = [
        Line2D([], [], color=look.colour, marker=look.marker, linewidth=0, label=look.label)
        for look in LAYER_LOOKS.values()
    ]
    text = f"couplings changed in; {spread_text(counts)}, small dots: single trials"
    figure.legend(handles=handles, loc="outside lower center", ncols=3, title=text)


@journal_style
def figure_interventions(interventions: pd.DataFrame, table: pd.DataFrame) -> Figure:
    """Points of exact match lost by each change of trained couplings, in R1, R2 and both.

    Parameters
    ----------
    interventions : DataFrame
        `plots/interventions.csv`: one row per arm, trial, layer and change.
    table : DataFrame
        `plots/fitting.csv` and `plots/ablations.csv`, for what the arms are.
    """
    rows = loss_rows(interventions)
    arms = changed_arms(rows, table)
    names = list(dict.fromkeys(rows["name"]))
    figure = new_figure(DOUBLE, 1.3 + 0.3 * max(len(names), 3))
    panels = figure.subplots(1, PANELS, sharey=True, sharex=True)
    counts: set[int] = set()
    for axes, letter, key in zip(panels, "ab", [*arms, None, None], strict=False):
        if key is None:
            axes.set_visible(letter == "a")
            say_missing(axes)
            continue
        counts |= _draw_arm(axes, rows.loc[rows["arm"] == key], names)
        panel_title(axes, letter, arm_name(arms[key]))
    panels[0].set_yticks(range(len(names)), labels=names)
    for axes in panels:
        finish_rows(axes, len(names), "as trained")
    for axes in panels:
        points_axis(axes, "exact match lost (points)")
    if counts:
        _legend(figure, counts)
    return figure
