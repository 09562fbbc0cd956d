"""The charts of the page with their words, each beside the figure that it lets a reader explore."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import altair as alt
import pandas as pd

from capsnet_study.claims.records import Claims
from capsnet_study.explorer.cause_charts import (
    clamp_chart,
    differences_chart,
    exposure_chart,
    interventions_chart,
    matrix_chart,
)
from capsnet_study.explorer.claim_chart import claims_chart
from capsnet_study.explorer.faithfulness_chart import faithfulness_chart
from capsnet_study.explorer.fitting_charts import curves_chart, trajectories_chart
from capsnet_study.explorer.map_chart import maps_chart
from capsnet_study.explorer.setting_charts import effects_chart, verdicts_chart
from capsnet_study.explorer.transfer_chart import transfer_chart
from capsnet_study.settings.results import SettingsResults

PICK = (
    "Click an arm in the legend to see it alone, Shift-click for more of them, click elsewhere for "
    "all. "
)
ZOOM = " Drag to move, Ctrl and wheel to zoom, double-click for the whole."
FITTING, ABLATIONS = "plots/fitting.csv", "plots/ablations.csv"
INTERVENTIONS, SETTINGS = "plots/interventions.csv", "metrics/settings.json"


class Exhibit(NamedTuple):
    """An interactive chart.

    Attributes
    ----------
    id
        What links to it name.
    figure
        The file name, without suffix, of the figure that it goes with.
    title
        One line.
    hint
        What is drawn, and what a reader can do with it.
    chart
        An Altair chart of any kind.
    data
        The files that hold its numbers.
    """

    id: str
    figure: str
    title: str
    hint: str
    chart: alt.TopLevelMixin
    data: Sequence[str]


class Results(NamedTuple):
    """What the charts draw: tables and records by the names of their files.

    Attributes
    ----------
    arms
        `plots/fitting.csv` and `plots/ablations.csv`, one below the other.
    transfer
        `plots/transfer_<model>.csv` of all models, one below the other.
    nulls
        The record "nulls" of `metrics/manifold.json`.
    sheets
        By digit pair, a picture of its images, as `sprites.sheets` returns it.
    settings
        With all seeds as one of them.
    """

    fitting: pd.DataFrame
    arms: pd.DataFrame
    interventions: pd.DataFrame
    exposure: pd.DataFrame
    maps: pd.DataFrame
    manifold: pd.DataFrame
    transfer: pd.DataFrame
    nulls: Mapping[str, Any]
    claims: Claims
    sheets: Mapping[str, str]
    settings: SettingsResults


def make_exhibits(results: Results, pairs: Sequence[str], models: Sequence[str]) -> list[Exhibit]:
    """Return all charts, in the order of the page.

    Parameters
    ----------
    results : Results
    pairs, models : sequences of str
        Those whose maps are shown at first.
    """
    maps = maps_chart(results.maps, results.sheets, pairs, models)
    return [
        _of_claims(results),
        *_of_settings(results),
        *_of_fitting(results.fitting),
        _of_maps(maps),
        *_of_measures(results),
        *_of_steps(results),
        *_of_interventions(results),
    ]


def _of_claims(results: Results) -> Exhibit:
    return Exhibit(
        "claims-chart", "claims", "Claims, part by part",
        "Mean and 95 % interval of each part; shaded: where it should lie. Each row is on a scale "
        "of its own. Choose the claims below; point at a row for its rule, numbers and verdict.",
        claims_chart(results.claims, results.arms), ["metrics/claims.json"],
    )  # fmt: skip


def _of_settings(results: Results) -> list[Exhibit]:
    return [
        Exhibit(
            "settings-chart", "settings", "Verdicts in other settings",
            "Some arms again with something changed: a row a setting, a column a claim. Point at a "
            "cell for what was changed.",
            verdicts_chart(results.settings, results.claims), [SETTINGS],
        ),
        Exhibit(
            "setting-effects", "effects", "Effects in other settings",
            "Mean and 95 % t interval in each setting, and over all settings (diamond, by a mixed "
            "model; other seeds are the main study's); choose the effect below.",
            effects_chart(results.settings), [SETTINGS],
        ),
    ]  # fmt: skip


def _of_fitting(fitting: pd.DataFrame) -> list[Exhibit]:
    return [
        Exhibit(
            "training-curves", "fig2_accuracy", "Exact match over training",
            f"{PICK}Lines and bands: mean ± 1 s.d. over trials, of exact match or of what it is "
            f"above that of n = 3, paired by trial; point at a dot for its values.{ZOOM}",
            curves_chart(fitting), [FITTING],
        ),
        Exhibit(
            "trajectories", "fig3_entropy", "Entropy and accuracy",
            f"{PICK}Means over trials, dots growing with training; 1 is uniform coupling. Point "
            f"at a dot for its step, and choose the layer below.{ZOOM}",
            trajectories_chart(fitting), [FITTING],
        ),
    ]  # fmt: skip


def _of_maps(chart: alt.TopLevelMixin) -> Exhibit:
    return Exhibit(
        "maps", "fig5_maps", "Maps of shifted digits",
        "Choose two models and a pair of digits below; point at a shift, or move the sliders, to "
        "see its image and to find it in the other map. t-SNE maps of the first trial and seed, "
        "without unit; lines join neighbours in the grid, dark in a row, light in a column.",
        chart, ["plots/manifold_maps.csv"],
    )  # fmt: skip


def _of_measures(results: Results) -> list[Exhibit]:
    return [
        Exhibit(
            "faithfulness-chart", "faithfulness", "Faithfulness, measure by measure",
            "Mean and conservative 95 % interval of each model; ticks: its digit pairs; grey: maps "
            "of known structure. Choose the measure below, and point at a mark for its values.",
            faithfulness_chart(results.manifold, results.nulls),
            ["plots/manifold.csv", "metrics/manifold.json"],
        ),
        Exhibit(
            "transfer-chart", "fig7_transfer", "Transfer, split by split",
            "A line joins what the models reach on the same split and direction; bars: means. "
            "Choose the scheme below, and point at a marker for its values.",
            transfer_chart(results.transfer), ["plots/transfer_capsnet.csv",
            "plots/transfer_uniform.csv", "plots/transfer_cnn.csv"],
        ),
    ]  # fmt: skip


def _of_steps(results: Results) -> list[Exhibit]:
    return [
        Exhibit(
            "step-differences", "step_differences", "Difference to three iterations",
            f"{PICK}Means over trials and 95 % t intervals of differences paired by trial; choose "
            f"what the arms differ in below, and point at a dot for its values.{ZOOM}",
            differences_chart(results.arms), [FITTING, ABLATIONS],
        ),
        Exhibit(
            "clamp-chart", "clamp", "Accuracy at a given certainty",
            "Lines: H / log J of R1 held at a target; other markers: arms that are not held, at "
            f"their own last H. Means over trials and 95 % t intervals; choose n below.{ZOOM}",
            clamp_chart(results.arms), [FITTING, ABLATIONS],
        ),
        Exhibit(
            "exposure-chart", "exposure", "How many capsules training reaches",
            f"{PICK}Means over trials: as many capsules of Cap1 as would share the gradient, or "
            f"the coupling mass, evenly; choose which below.{ZOOM}",
            exposure_chart(results.exposure, results.arms), ["plots/exposure.csv"],
        ),
    ]  # fmt: skip


def _of_interventions(results: Results) -> list[Exhibit]:
    return [
        Exhibit(
            "train-test", "train_test_n", "Iterations in training and in the test",
            "Exact match in percent, and as colour the points gained over the number of iterations "
            "that was trained; choose below in which layer the number was changed.",
            matrix_chart(results.interventions, results.arms), [INTERVENTIONS],
        ),
        Exhibit(
            "interventions-chart", "interventions", "What changing trained couplings costs",
            "Points of exact match lost, means over trials and 95 % t intervals; choose the arm "
            "below, and point at a marker for its values.",
            interventions_chart(results.interventions, results.arms), [INTERVENTIONS],
        ),
    ]  # fmt: skip
