"""Draw all figures of the paper, and those that it lacks, as PNG and SVG."""

from __future__ import annotations

import pandas as pd
import typer
from matplotlib.figure import Figure

from capsnet_study import figures
from capsnet_study.params import MAIN_MODELS, Params, load_params
from capsnet_study.storage import (
    read_arrays,
    read_facts,
    read_json,
    read_table,
    write_bytes,
)
from stages.recording import recorded
from stages.splits import read_domains


def draw(params: Params) -> dict[str, Figure]:
    """Return all figures by file name."""
    fitting = read_table("plots/fitting.csv")
    transfer = [read_table(f"plots/transfer_{model}.csv") for model in MAIN_MODELS]
    examples = read_arrays("data/multimnist.safetensors", "test_images", "test_labels")
    sets = read_arrays("data/manifold.safetensors", "images", "offsets")
    pairs = read_facts("data/manifold.safetensors")["pairs"]
    shown = [pair for pair in params.figures.pairs if pair in pairs]
    domains = read_domains()[0]
    return {
        "fig1_architectures": figures.figure_architectures(
            figures.capsnet_layers(params.model),
            figures.cnn_layers(params.model),
            examples["test_images"][:8],
            examples["test_labels"][:8].astype(int),
        ),
        "fig2_accuracy": figures.figure_accuracy(fitting),
        "fig3_entropy": figures.figure_entropy(fitting),
        "fig4_shifts": figures.figure_shifts(
            {pair: sets["images"][pairs.index(pair)] for pair in shown}, sets["offsets"]
        ),
        "fig5_maps": figures.figure_maps(
            read_table("plots/manifold_maps.csv"), shown, params.figures.models
        ),
        "fig6_schemes": figures.figure_schemes(domains.a, domains.b),
        "fig7_transfer": figures.figure_transfer(pd.concat(transfer, ignore_index=True)),
        "faithfulness": figures.figure_faithfulness(
            read_table("plots/manifold.csv"), read_json("metrics/manifold.json")["nulls"]
        ),
        "controls": figures.figure_controls(fitting),
        "claims": figures.figure_claims(read_json("metrics/claims.json"), fitting),
        "early_certainty": figures.figure_early_certainty(
            read_table("plots/fitting_trials.csv"), fitting
        ),
    }


def main() -> None:
    """Write plots/figures/*.png and *.svg."""
    with recorded("figures"):
        params = load_params()
        for name, figure in draw(params).items():
            for kind in ("png", "svg"):
                content = figures.render(figure, kind, params.figures.dpi)
                write_bytes(f"plots/figures/{name}.{kind}", content)


if __name__ == "__main__":
    typer.run(main)
