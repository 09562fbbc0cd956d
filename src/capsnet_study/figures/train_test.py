"""Networks trained with one number of iterations and tested with another."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from capsnet_study.figures.causes import all_arms, plain_arms
from capsnet_study.figures.interventions import with_loss
from capsnet_study.figures.paired import say_missing
from capsnet_study.figures.style import (
    DOUBLE,
    NOTE_COLOUR,
    SMALL,
    journal_style,
    new_figure,
    panel_title,
)
from capsnet_study.names import CHANGED_LAYERS

LAYERS = ("both", "r1", "r2")
COLOURS = "PuOr"  # of gains and losses: told apart by all eyes
DARK = 0.62  # share of the scale from which numbers are white


def matrix_rows(interventions: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """One row a layer, number of iterations in training and in the test.

    Returns
    -------
    DataFrame
        Columns layer, train, test, exact_match (mean over trials), change (that less what the same
        networks reach with their own number, mean over trials, in points) and n.
    """
    trained = {key: arm.n_iter for key, arm in plain_arms(all_arms(table)).items()}
    rows = with_loss(interventions)
    rows = rows.assign(train=rows["arm"].map(trained), change=-rows["loss"])
    own = rows.loc[rows["intervention"] == "none"]
    own = pd.concat([own.assign(layer=layer, value=own["train"]) for layer in LAYERS])
    tested = rows.loc[rows["intervention"] == "n_test"]
    cells = pd.concat([tested, own]).dropna(subset=["train", "change"])
    cells = cells.drop_duplicates(["arm", "trial", "layer", "value"])
    grouped = cells.groupby(["layer", "train", "value"])
    found = grouped.agg(
        exact_match=("exact_match", "mean"), change=("change", "mean"), n=("trial", "nunique")
    )
    return found.reset_index().rename(columns={"value": "test"}).astype({"train": int, "test": int})


def _draw_matrix(axes: Axes, cells: pd.DataFrame, scale: Normalize) -> None:
    """A square a pair of numbers: percent in it, points gained or lost as its colour."""
    trained, tested = (sorted(cells[name].unique()) for name in ("train", "test"))
    change, match = (
        cells.pivot(index="train", columns="test", values=name).reindex(trained, columns=tested)
        for name in ("change", "exact_match")
    )
    axes.imshow(change, cmap=COLOURS, norm=scale, aspect="auto")
    for row, train in enumerate(trained):
        for column, test in enumerate(tested):
            value, place = match.iloc[row, column], scale(change.iloc[row, column])
            if np.isnan(value):
                continue
            white = abs(2 * place - 1) > DARK
            axes.text(
                column, row, f"{100 * value:.1f}", ha="center", va="center", fontsize=SMALL,
                color="white" if white else "black",
            )  # fmt: skip
            if train == test:
                axes.add_patch(
                    Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, linewidth=1.1, zorder=3)
                )
    axes.set_xticks(range(len(tested)), labels=tested)
    axes.set_yticks(range(len(trained)), labels=trained)


def _finish(axes: Axes, letter: str, layer: str) -> None:
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_facecolor("#f2f2f2")  # of pairs that were not tested
    axes.set_xlabel("iterations in the test")
    panel_title(axes, letter, f"changed in {CHANGED_LAYERS[layer]}")


@journal_style
def figure_train_test(interventions: pd.DataFrame, table: pd.DataFrame) -> Figure:
    """Exact match by iterations in training and in the test, changed in both layers or in one.

    Parameters
    ----------
    interventions : DataFrame
        `plots/interventions.csv`: one row per arm, trial, layer and change.
    table : DataFrame
        `plots/fitting.csv` and `plots/ablations.csv`, for what the arms are.
    """
    rows = matrix_rows(interventions, table)
    reach = max(rows["change"].abs().max(), 1.0) if len(rows) else 1.0  # points
    scale = Normalize(-reach, reach)
    figure = new_figure(DOUBLE, 2.5)
    panels = figure.subplots(1, 3)
    for axes, letter, layer in zip(panels, "abc", LAYERS, strict=True):
        cells = rows.loc[rows["layer"] == layer]
        if cells.empty:
            axes.set(xticks=[], yticks=[])
            say_missing(axes)
        else:
            _draw_matrix(axes, cells, scale)
        _finish(axes, letter, layer)
    panels[0].set_ylabel("iterations in training")
    bar = figure.colorbar(ScalarMappable(scale, COLOURS), ax=panels, pad=0.01, aspect=25)
    bar.set_label("points gained over own number")
    bar.outline.set_visible(False)
    _say_what(figure, rows)
    return figure


def _say_what(figure: Figure, rows: pd.DataFrame) -> None:
    trials = f", means of {rows['n'].max()} trials" if len(rows) else ""
    text = f"numbers: exact match in percent{trials}; framed: as trained; blank: not tested"
    figure.supxlabel(text, fontsize=SMALL, color=NOTE_COLOUR)
