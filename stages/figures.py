"""Draw all figures of the paper, and those that it lacks, as PNG and SVG."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from capsnet_study.claims.records import Claims, Exploration, from_json, of_kind
from capsnet_study.common.params import load_blocks
from capsnet_study.common.storage import read_arrays, read_facts, read_json, read_table, write_bytes
from capsnet_study.data.domains import splits_of
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
from capsnet_study.figures.params import FigureParams
from capsnet_study.figures.schematics import capsnet_layers, cnn_layers, figure_architectures
from capsnet_study.figures.schemes import figure_schemes
from capsnet_study.figures.settings import figure_effects, figure_settings
from capsnet_study.figures.step_differences import figure_step_differences
from capsnet_study.figures.style import render
from capsnet_study.figures.timing import figure_timing
from capsnet_study.figures.train_test import figure_train_test
from capsnet_study.figures.transfer import figure_transfer
from capsnet_study.figures.verdicts import figure_claims
from capsnet_study.models.params import ModelParams
from capsnet_study.settings.results import SettingsResults
from stages.command import run_command
from stages.recording import recorded
from stages.tables import read_faithfulness, read_transfer


def draw(model: ModelParams, shown: FigureParams) -> dict[str, Figure]:
    """Return all figures by file name."""
    fitting = read_table("plots/fitting.csv")
    manifold = read_table("plots/manifold.csv")
    examples = read_arrays("data/multimnist.safetensors", "test_images", "test_labels")
    sets = read_arrays("data/manifold.safetensors", "images", "offsets")
    pairs = read_facts("data/manifold.safetensors")["pairs"]
    present = [pair for pair in shown.pairs if pair in pairs]
    domains = splits_of(read_json("data/domains.json"))[0]
    return (
        {
            "fig1_architectures": figure_architectures(
                capsnet_layers(model),
                cnn_layers(model),
                examples["test_images"][:8],
                examples["test_labels"][:8].astype(int),
            ),
            "fig2_accuracy": figure_accuracy(fitting),
            "fig3_entropy": figure_entropy(fitting),
            "fig4_shifts": figure_shifts(
                {pair: sets["images"][pairs.index(pair)] for pair in present}, sets["offsets"]
            ),
            "fig5_maps": figure_maps(read_faithfulness("maps"), manifold, present, shown.models),
            "fig6_schemes": figure_schemes(domains.a, domains.b),
            "fig7_transfer": figure_transfer(read_transfer()),
            "faithfulness": figure_faithfulness(manifold),
            "distances": figure_distances(manifold, read_json("metrics/manifold.json")["nulls"]),
            "controls": figure_controls(fitting),
            "claims": figure_claims(
                of_kind(from_json(read_json("metrics/claims.json"), Claims), "paper"),
                from_json(read_json("metrics/exploratory.json"), Exploration).conservative,
                fitting,
            ),
        }
        | draw_causes(fitting)
        | draw_settings()
    )


def draw_causes(fitting: pd.DataFrame) -> dict[str, Figure]:
    """Return the figures of interventions by file name."""
    arms = pd.concat([fitting, read_table("plots/ablations.csv")], ignore_index=True)
    interventions = read_table("plots/interventions.csv")
    claims = of_kind(from_json(read_json("metrics/claims.json"), Claims), "mechanism")
    return {
        "early_certainty": figure_early_certainty(read_table("plots/trials.csv"), arms),
        "step_differences": figure_step_differences(arms),
        "timing": figure_timing(arms),
        "clamp": figure_clamp(arms),
        "exposure": figure_exposure(read_table("plots/exposure.csv"), arms),
        "train_test_n": figure_train_test(interventions, arms),
        "interventions": figure_interventions(interventions, arms),
        "other_routings": figure_other_routings(arms),
        "mechanism_claims": figure_mechanism_claims(claims, arms),
    }


def draw_settings() -> dict[str, Figure]:
    """Return the figures of the study in other settings by file name."""
    results = from_json(read_json("metrics/settings.json"), SettingsResults).with_all_seeds()
    claims = from_json(read_json("metrics/claims.json"), Claims)
    titles = {id: claim.title for id, claim in claims.items()}
    names = {key: setting.title for key, setting in results.settings.items()}
    return {
        "settings": figure_settings(results.settings, titles),
        "effects": figure_effects(results.effects, names),
    }


def main() -> None:
    """Write plots/figures/*.png and *.svg."""
    with recorded("figures"):
        model, shown = load_blocks(model=ModelParams, figures=FigureParams)
        for name, figure in draw(model, shown).items():
            for kind in ("png", "svg"):
                content = render(figure, kind, shown.dpi)
                write_bytes(f"plots/figures/{name}.{kind}", content)


if __name__ == "__main__":
    run_command(main)
