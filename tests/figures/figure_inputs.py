"""Every figure, drawn of made-up results."""

from itertools import combinations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from capsnet_study.claims.records import Claims
from capsnet_study.figures.certainty import figure_early_certainty
from capsnet_study.figures.clamp import figure_clamp
from capsnet_study.figures.curves import figure_accuracy, figure_controls
from capsnet_study.figures.entropy import figure_entropy
from capsnet_study.figures.exposure import figure_exposure
from capsnet_study.figures.faithfulness import figure_distances, figure_faithfulness
from capsnet_study.figures.interventions import figure_interventions
from capsnet_study.figures.maps import figure_maps, figure_shifts
from capsnet_study.figures.mechanism_claims import figure_mechanism_claims
from capsnet_study.figures.other_routings import figure_other_routings
from capsnet_study.figures.schematics import capsnet_layers, cnn_layers, figure_architectures
from capsnet_study.figures.schemes import figure_schemes
from capsnet_study.figures.step_differences import figure_step_differences
from capsnet_study.figures.timing import figure_timing
from capsnet_study.figures.train_test import figure_train_test
from capsnet_study.figures.transfer import figure_transfer
from capsnet_study.figures.verdicts import figure_claims
from capsnet_study.models.params import ModelParams
from tests import cause_tables, tables
from tests.cause_tables import evaluations, exposure, interventions, mechanism_trials
from tests.tables import ARMS, claim_record, fitting, maps, offsets, part_record


def texts(axes: Axes) -> str:
    return " | ".join(text.get_text() for text in axes.texts)


def trials_table(trials: int = 3, arms=ARMS):
    return tables.fitting_trials(tables.accuracies(arms, trials))


def nulls() -> dict:
    kinds = ("noise", "shuffled", "rotated_30", "perfect")
    band = {kind: {"mean": 0.3, "low": 0.25, "high": 0.35} for kind in kinds}
    return {"chamfer_zscore": band, "procrustes_disparity": band}


def claims() -> Claims:
    """A claim of each outcome, of one part each."""
    correlation = {"kind": "correlation", "measure": None, "of": None, "minus": None}
    correlation |= {"group": "capsule_arms", "x": "entropy_at_tenth", "y": "exact_match"}
    parts = {
        "C1": part_record(side="within", bound=0.01, outcome="inconclusive"),
        "C2": part_record(),
        "C7": part_record(**correlation, low=None, high=None, p=0.96, outcome="contradicted"),
        "C8": part_record(mean=None, low=None, high=None, n=0, outcome="not evaluated"),
    }
    return {name: claim_record(part, title=f"title of {name}") for name, part in parts.items()}


def images(n: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (n, 36, 36), dtype=np.uint8)


def architectures() -> Figure:
    sizes = ModelParams(32, 4, 8, 10, 16)
    labels = np.array([[7, 8], [3, 5], [0, 1]])
    return figure_architectures(capsnet_layers(sizes), cnn_layers(sizes), images(3), labels)


def schemes() -> Figure:
    pairs = list(combinations(range(10), 2))
    return figure_schemes(pairs[:22], pairs[22:])


CAUSE_FIGURES = {
    "early_certainty": lambda: figure_early_certainty(mechanism_trials(), evaluations()),
    "step_differences": lambda: figure_step_differences(evaluations()),
    "timing": lambda: figure_timing(evaluations()),
    "clamp": lambda: figure_clamp(evaluations()),
    "exposure": lambda: figure_exposure(exposure(), evaluations()),
    "train_test": lambda: figure_train_test(interventions(), evaluations()),
    "interventions": lambda: figure_interventions(interventions(), evaluations()),
    "other_routings": lambda: figure_other_routings(evaluations()),
    "mechanism_claims": lambda: figure_mechanism_claims(
        cause_tables.mechanism_claims(), evaluations()
    ),
}
FIGURES = {
    "architectures": architectures,
    "accuracy": lambda: figure_accuracy(fitting()),
    "entropy": lambda: figure_entropy(fitting()),
    "controls": lambda: figure_controls(fitting()),
    "shifts": lambda: figure_shifts({"7-8": images(81), "3-5": images(81)}, offsets()),
    "maps": lambda: figure_maps(
        maps(), tables.manifold(pairs=["3-5", "7-8"]), ["7-8", "3-5"], ["capsnet", "cnn"]
    ),
    "schemes": schemes,
    "transfer": lambda: figure_transfer(tables.transfer()),
    "faithfulness": lambda: figure_faithfulness(tables.manifold()),
    "distances": lambda: figure_distances(tables.manifold(), nulls()),
    "claims": lambda: figure_claims(claims(), {}, fitting()),
    **CAUSE_FIGURES,
}
