"""Figures of the study: each function takes tables or arrays and returns a Figure."""

from capsnet_study.figures.certainty import figure_early_certainty
from capsnet_study.figures.curves import figure_accuracy, figure_controls
from capsnet_study.figures.entropy import figure_entropy
from capsnet_study.figures.faithfulness import figure_faithfulness
from capsnet_study.figures.maps import figure_maps, figure_shifts
from capsnet_study.figures.schematics import (
    LayerBox,
    capsnet_layers,
    cnn_layers,
    figure_architectures,
)
from capsnet_study.figures.schemes import figure_schemes
from capsnet_study.figures.style import render
from capsnet_study.figures.transfer import figure_transfer
from capsnet_study.figures.verdicts import figure_claims

__all__ = [
    "LayerBox",
    "capsnet_layers",
    "cnn_layers",
    "figure_accuracy",
    "figure_architectures",
    "figure_claims",
    "figure_controls",
    "figure_early_certainty",
    "figure_entropy",
    "figure_faithfulness",
    "figure_maps",
    "figure_schemes",
    "figure_shifts",
    "figure_transfer",
    "render",
]
