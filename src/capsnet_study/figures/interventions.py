"""Interventions on trained networks: changed couplings, and other numbers of iterations."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from capsnet_study.figures import style
from capsnet_study.figures.marks import POINTS, draw_mean, row_axis
from capsnet_study.figures.values import PERCENT, chosen_arms
from capsnet_study.names import CHANGED_LAYERS, CHANGES, arm_name
from capsnet_study.training.arms import arms_in, n_iter_arms

LAYER_LOOKS = {
    "r1": style.Look("changed in R1", style.BLUE, "", "o"),
    "r2": style.Look("changed in R2", style.VERMILION, "", "s"),
    "both": style.Look("changed in both", "#000000", "", "D"),
}
SHOWN_ARMS = ("n3", "n9")
APART = 0.24  # rows between the layers of a change
COLOURS = "PuOr"  # gains and losses, colour-blind safe
DARK = 0.75  # share of the scale from which numbers are white


def named_changes(interventions: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that `figure_interventions` shows, with the name of their change, in order.

    Other numbers of iterations have a figure of their own.
    """
    shown = [change for change in CHANGES if change != "n_test"]
    rows = interventions.loc[interventions["change"].isin(shown)]
    changes = zip(rows["change"], rows["value"], strict=True)
    rows = rows.assign(
        name=[CHANGES[change].format(value) for change, value in changes],
        order=rows["change"].map(shown.index),
    )
    return rows.sort_values(["order", "value"], kind="stable")


def figure_interventions(interventions: pd.DataFrame, table: pd.DataFrame) -> Figure:
    """Draw exact match with changed couplings in R1, in R2 and in both, of n = 3 and n = 9.

    Parameters
    ----------
    interventions : DataFrame
        ``plots/interventions.csv``: one row per arm, trial, layer and change.
    table : DataFrame
        ``plots/fitting.csv``, for what the arms are.
    """
    rows = named_changes(interventions)
    names = list(rows["name"].unique())
    arms = chosen_arms(table, [key for key in SHOWN_ARMS if (rows["arm"] == key).any()])
    figure = style.new_figure(1.1 + 0.28 * max(len(names), 3))
    panels = figure.subplots(1, len(SHOWN_ARMS), sharey=True, sharex=True)
    for axes, letter, (key, arm) in zip(panels, "ab", arms.items(), strict=False):
        _draw_changes(axes, rows.loc[rows["arm"] == key], names)
        own = interventions.query("arm == @key and change == 'none'")["exact_match"]
        axes.axvline(PERCENT * own.mean(), **style.REFERENCE)
        style.panel_title(axes, letter, f"trained with {arm_name(arm)}")
    for axes in panels:
        row_axis(axes, names)
        axes.set_xlabel("exact match (%)")
    as_trained = style.Look("as trained", style.NOTE_COLOUR, line=":", marker="")
    style.legend_below(figure, [*LAYER_LOOKS.values(), as_trained], 4, lines=True)
    return style.say_missing(figure)


def _draw_changes(axes: Axes, rows: pd.DataFrame, names: list[str]) -> None:
    """Draw a row per change and a marker per layer."""
    for (name, layer), found in rows.groupby(["name", "layer"]):
        place = names.index(name) + APART * (list(LAYER_LOOKS).index(layer) - 1)
        values = PERCENT * found.set_index("trial")["exact_match"]
        draw_mean(axes, place, values, LAYER_LOOKS[layer], along="x")


def train_test_means(interventions: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Return one row per layer, number of iterations in training and in the test.

    Returns
    -------
    DataFrame
        Columns layer, train, test, exact_match (percent) and gain (that minus what the same
        networks reach as trained, in percentage points), means over trials.
    """
    trained = {key: arm.n_iter for key, arm in n_iter_arms(arms_in(table)).items()}
    own = interventions.loc[interventions["change"] == "none", ["arm", "trial", "exact_match"]]
    rows = interventions.loc[interventions["change"] == "n_test"]
    rows = rows.merge(own, on=["arm", "trial"], suffixes=("", "_own"))
    rows = rows.assign(
        train=rows["arm"].map(trained),
        gain=PERCENT * (rows["exact_match"] - rows["exact_match_own"]),
        exact_match=PERCENT * rows["exact_match"],
    ).dropna(subset=["train"])
    rows = rows.rename(columns={"value": "test"}).astype({"train": int, "test": int})
    means = rows.groupby(["layer", "train", "test"])[["exact_match", "gain"]].mean()
    return means.reset_index()


def figure_train_test(interventions: pd.DataFrame, table: pd.DataFrame) -> Figure:
    """Draw exact match by iterations in training and in the test, changed in both layers or one.

    Parameters
    ----------
    interventions : DataFrame
        ``plots/interventions.csv``: one row per arm, trial, layer and change.
    table : DataFrame
        ``plots/fitting.csv``, for what the arms are.
    """
    means = train_test_means(interventions, table)
    reach = max(means["gain"].abs().max(), 1.0) if len(means) else 1.0
    scale = Normalize(-reach, reach)
    figure = style.new_figure(2.3)
    panels = figure.subplots(1, 3, sharey=True)
    for axes, letter, layer in zip(panels, "abc", ("both", "r1", "r2"), strict=True):
        _draw_matrix(axes, means.loc[means["layer"] == layer], scale)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        axes.set_xlabel("iterations n in the test")
        style.panel_title(axes, letter, f"n changed in {CHANGED_LAYERS[layer]}")
    panels[0].set_ylabel("iterations n in training")
    bar = figure.colorbar(ScalarMappable(scale, COLOURS), ax=panels, aspect=25, pad=0.02)
    bar.set_label(f"gain over n as trained\n({POINTS})")
    bar.outline.set_visible(False)
    return style.say_missing(figure)


def _draw_matrix(axes: Axes, means: pd.DataFrame, scale: Normalize) -> None:
    """Draw a square per pair of numbers: percent in it, and the gain as its colour."""
    if means.empty:
        return
    gain, match = (
        means.pivot(index="train", columns="test", values=name) for name in ("gain", "exact_match")
    )
    axes.imshow(gain, cmap=COLOURS, norm=scale, aspect="auto")
    for row, train in enumerate(gain.index):
        for column, test in enumerate(gain.columns):
            white = abs(2 * scale(gain.loc[train, test]) - 1) > DARK
            axes.text(
                column, row, f"{match.loc[train, test]:.1f}", ha="center", va="center",
                fontsize=style.SMALL, color="white" if white else "black",
            )  # fmt: skip
            if train == test:
                corner = (column - 0.5, row - 0.5)
                axes.add_patch(Rectangle(corner, 1, 1, fill=False, zorder=3, clip_on=False))
    axes.set_xticks(range(gain.shape[1]), labels=gain.columns)
    axes.set_yticks(range(gain.shape[0]), labels=gain.index)
