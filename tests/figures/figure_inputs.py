"""Every figure, drawn of made-up results, and the numbers read back from what is drawn."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure

from capsnet_study.figures.accuracy import figure_accuracy
from capsnet_study.figures.architectures import figure_architectures
from capsnet_study.figures.certainty import figure_certainty
from capsnet_study.figures.clamp import figure_clamp
from capsnet_study.figures.effects import figure_effects
from capsnet_study.figures.entropy import figure_entropy
from capsnet_study.figures.faithfulness import figure_faithfulness
from capsnet_study.figures.interventions import figure_interventions, figure_train_test
from capsnet_study.figures.maps import figure_maps, figure_shifts
from capsnet_study.figures.routings import figure_routings
from capsnet_study.figures.schemes import figure_schemes
from capsnet_study.figures.size import figure_size, size_table
from capsnet_study.figures.timing import figure_timing
from capsnet_study.figures.transfer import figure_transfer
from capsnet_study.models.params import ModelParams
from capsnet_study.settings.params import Setting
from capsnet_study.settings.results import EffectInSetting, EffectOverSettings, PooledEffect
from tests import tables
from tests.cause_tables import evaluations, interventions, mechanism_trials

Draw = Callable[[], Figure]


def marks(axes: Axes, along: str = "y") -> list[tuple[float | None, ...]]:
    """Return the means of a panel, in order of drawing: x, y, and the ends of the interval."""
    found = []
    for bar in axes.containers:
        if isinstance(bar, ErrorbarContainer):
            ((x,), (y,)) = bar.lines[0].get_data()
            ends = bar.lines[2][0].get_segments()[0] if bar.lines[2] else np.full((2, 2), None)
            found.append((x, y, *ends[:, 0 if along == "x" else 1]))
    return found


def maps() -> pd.DataFrame:
    """Maps of four trials, bent the more the later the trial."""
    one = tables.maps()
    parts = [one.assign(trial=trial, x=one["x"] + trial * one["dr"] ** 2) for trial in range(4)]
    return pd.concat(parts, ignore_index=True)


def setting_trials() -> pd.DataFrame:
    """The table ``plots/settings.csv`` as far as figures read it."""
    settings, arms = ("main", *SETTINGS), ("n1", "n3", "n9", "cnn")
    rows = pd.MultiIndex.from_product([settings, arms, range(3)], names=["setting", "arm", "trial"])
    rng = np.random.default_rng(4)
    columns = {
        "exact_match": rng.uniform(size=len(rows)),
        "entropy_last": rng.uniform(size=len(rows)),
    }
    return pd.DataFrame(columns, rows).reset_index()


SIZES = ModelParams(32, 4, 8, 10, 16)
SETTINGS = {
    "wide": Setting(["n1"], 3, model={"conv_channels": 64}),
    "caps32": Setting(["n1"], 3, model={"cap1_capsules": 32}),
    "seed2": Setting(["n1"], 3, train={"seed": 2}),
}
EFFECTS = {
    "routing": EffectOverSettings(
        "Routing: three minus one",
        {
            "main": EffectInSetting(0.046, 5, 0.039, 0.053, share_above=1.0),
            "wide": EffectInSetting(0.037, 1, share_above=1.0),
        },
        PooledEffect(0.04, 0.03, 0.05),
    ),
    "many": EffectOverSettings("Many iterations: nine minus three, at η = 1", {}),
}
IMAGES = np.random.default_rng(0).integers(0, 256, (81, 36, 36), dtype=np.uint8)
DIGIT_PAIRS = list(combinations(range(10), 2))


def figures_of(table: pd.DataFrame, tested: pd.DataFrame, trials: pd.DataFrame) -> dict[str, Draw]:
    """Return the figures of arms, each to be drawn by a call."""
    return {
        "accuracy": lambda: figure_accuracy(table),
        "entropy": lambda: figure_entropy(table),
        "interventions": lambda: figure_interventions(tested, table),
        "train_test": lambda: figure_train_test(tested, table),
        "timing": lambda: figure_timing(table),
        "clamp": lambda: figure_clamp(table),
        "certainty": lambda: figure_certainty(trials, table),
        "routings": lambda: figure_routings(table),
    }


FIGURES: dict[str, Draw] = figures_of(evaluations(), interventions(), mechanism_trials()) | {
    "architectures": lambda: figure_architectures(SIZES, IMAGES[:3], np.array([[7, 8]] * 3)),
    "shifts": lambda: figure_shifts({"7-8": IMAGES, "3-5": IMAGES}, tables.offsets()),
    "maps": lambda: figure_maps(maps(), tables.manifold(4), ["3-5", "7-8"], ["cnn", "capsnet"]),
    "schemes": lambda: figure_schemes(DIGIT_PAIRS[:22], DIGIT_PAIRS[22:]),
    "transfer": lambda: figure_transfer(tables.transfer(splits=3)),
    "faithfulness": lambda: figure_faithfulness(tables.manifold()),
    "effects": lambda: figure_effects(EFFECTS, {"main": "main study", "wide": "wider networks"}),
    "size": lambda: figure_size(size_table(setting_trials(), SETTINGS, SIZES)),
}
