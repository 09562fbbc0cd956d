"""How many capsules of Cap1 the gradient and the coupling mass reach over training."""

from __future__ import annotations

import re

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from capsnet_study.figures.arms import trials_text
from capsnet_study.figures.causes import all_arms, plain_arms
from capsnet_study.figures.curves import draw_curves, last_step
from capsnet_study.figures.paired import say_missing
from capsnet_study.figures.step_axes import log_step_axis
from capsnet_study.figures.style import (
    DOUBLE,
    NOTE_COLOUR,
    REFERENCE,
    SMALL,
    journal_style,
    new_figure,
    note,
    panel_title,
)
from capsnet_study.training.arms import Arms

SHOWN_N_ITER = (1, 3, 5, 7, 9)
EFFECTIVE = {
    "effective_gradient": "capsules that the gradient reaches",
    "effective_mass": "capsules that coupling mass reaches",
}


def exposed_arms(exposure: pd.DataFrame, table: pd.DataFrame) -> Arms:
    """The arms of plain routing that are shown."""
    found = set(exposure["arm"])
    arms = plain_arms(all_arms(table), *SHOWN_N_ITER)
    return {key: arm for key, arm in arms.items() if key in found}


def capsules(exposure: pd.DataFrame) -> int | None:
    """J, the number of capsules of Cap1; None where no column tells it."""
    return sum(bool(re.fullmatch(r"mass_\d+", name)) for name in exposure) or None


def first_step(table: pd.DataFrame) -> float:
    """The step of the first evaluation after 0; 1 if there is none."""
    later = table.loc[table["step"] > 0, "step"]
    return 1.0 if later.empty else float(later.min())


def _draw_all(axes: Axes, count: int | None) -> None:
    """The number of capsules that there are, with its name."""
    if count is None:
        return
    axes.axhline(count, **REFERENCE)
    axes.annotate(
        f"J = {count}: all alike", (1, count), xycoords=axes.get_yaxis_transform(),
        xytext=(0, 2), textcoords="offset points", ha="right", va="bottom", fontsize=SMALL,
        color=NOTE_COLOUR,
    )  # fmt: skip


@journal_style
def figure_exposure(exposure: pd.DataFrame, table: pd.DataFrame) -> Figure:
    """Effective number of capsules of Cap1 (a) by gradient of W and (b) by coupling mass.

    Parameters
    ----------
    exposure : DataFrame
        `plots/exposure.csv`: one row per arm, trial and evaluation.
    table : DataFrame
        `plots/fitting.csv` and `plots/ablations.csv`, for what the arms are.
    """
    arms = exposed_arms(exposure, table)
    rows = exposure.loc[exposure["arm"].isin(list(arms))]
    figure = new_figure(DOUBLE, 2.7)
    panels = figure.subplots(1, 2)
    for axes, letter, (column, title) in zip(panels, "ab", EFFECTIVE.items(), strict=True):
        draw_curves(axes, rows, arms, column)
        log_step_axis(axes, first_step(rows), last_step(rows))
        axes.margins(y=0.12)
        _draw_all(axes, capsules(exposure))
        panel_title(axes, letter, title)
        if not arms:
            say_missing(axes)
    panels[0].set_ylabel("effective number of Cap1 capsules")
    if arms:
        note(panels[0], f"{trials_text(rows, arms)}; scales differ", x=0.02, y=0.02)
        figure.legend(
            *panels[0].get_legend_handles_labels(), loc="outside right upper", title="iterations"
        )
    return figure
