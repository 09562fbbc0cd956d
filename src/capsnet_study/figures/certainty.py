"""How certain couplings are early in training, against the accuracy reached at its end."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from capsnet_study.figures.arms import shown_arms, trials_text
from capsnet_study.figures.curves import percent_axis
from capsnet_study.figures.labels import label_points
from capsnet_study.figures.style import SINGLE, arm_look, journal_style, new_figure, note
from capsnet_study.names import arm_name
from capsnet_study.training.arms import Arms

MEASURES = ["entropy_at_tenth", "exact_match"]
MARGIN = 2.5  # points between a name and a marker or an error bar


@journal_style
def figure_early_certainty(trials: pd.DataFrame, fitting: pd.DataFrame) -> Figure:
    """Entropy of R1 at a tenth of the steps and final exact match: a point a CapsNet arm.

    Arms with an initial gain of their own, which are there for their sensitivity, are left out.

    Parameters
    ----------
    trials : DataFrame
        `plots/fitting_trials.csv`: one row per arm and trial.
    fitting : DataFrame
        `plots/fitting.csv`, for what the arms are.
    """
    found = trials.dropna(subset=MEASURES).groupby("arm")[MEASURES]
    mean, std = found.mean(), found.std().fillna(0)
    arms = {key: arm for key, arm in shown_arms(fitting).items() if key in mean.index}
    mean, std = (table.loc[list(arms)] for table in (mean, std))
    figure = new_figure(SINGLE, 3.0)
    axes = figure.subplots()
    _draw_points(axes, arms, mean, std)
    note(axes, f"{trials_text(fitting, arms)}\nη = 1 where none is named", x=0.03)
    figure.draw_without_rendering()
    names = [arm_name(arm).replace(" gradient", "") for arm in arms.values()]
    label_points(axes, names, mean.to_numpy(), _obstacles(axes, mean, std))
    return figure


def _draw_points(axes: Axes, arms: Arms, mean: pd.DataFrame, std: pd.DataFrame) -> None:
    for arm, (x, y), (dx, dy) in zip(arms.values(), mean.to_numpy(), std.to_numpy(), strict=True):
        look = arm_look(arm)
        axes.errorbar(
            x, y, dy, dx, color=look.colour, marker=look.marker, markersize=4.5, elinewidth=0.9,
            markerfacecolor=look.colour if arm.gradient == "full" else "white",
        )  # fmt: skip
    axes.margins(0.12)
    axes.grid()
    axes.set_xlabel("entropy H of R1 at a tenth of the steps (nats)")
    percent_axis(axes, "final exact match on test images")


def _obstacles(axes: Axes, mean: pd.DataFrame, std: pd.DataFrame) -> list[Bbox]:
    """Where markers, error bars and small print stand, in pixels."""
    boxes = [text.get_window_extent() for text in axes.texts]
    for reach in (std * [1, 0], std * [0, 1]):
        low, high = (axes.transData.transform(mean + sign * reach) for sign in (-1, 1))
        boxes += [Bbox(ends) for ends in zip(low, high, strict=True)]
    return [box.padded(MARGIN * axes.figure.dpi / 72) for box in boxes]
