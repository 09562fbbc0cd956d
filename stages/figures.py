"""Draw all figures of the paper, and those that it lacks, as PNG and SVG."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from capsnet_study.claims.records import from_json
from capsnet_study.common.params import load_blocks
from capsnet_study.common.storage import read_arrays, read_facts, read_json, read_table, write_bytes
from capsnet_study.data.domains import splits_of
from capsnet_study.figures.accuracy import figure_accuracy
from capsnet_study.figures.architectures import figure_architectures
from capsnet_study.figures.certainty import figure_certainty
from capsnet_study.figures.clamp import figure_clamp
from capsnet_study.figures.effects import figure_effects
from capsnet_study.figures.entropy import figure_entropy
from capsnet_study.figures.faithfulness import figure_faithfulness
from capsnet_study.figures.interventions import figure_interventions, figure_train_test
from capsnet_study.figures.maps import figure_maps, figure_shifts
from capsnet_study.figures.params import FigureParams
from capsnet_study.figures.routings import figure_routings
from capsnet_study.figures.schemes import figure_schemes
from capsnet_study.figures.size import figure_size, size_table
from capsnet_study.figures.style import journal_style, render
from capsnet_study.figures.timing import figure_timing
from capsnet_study.figures.transfer import figure_transfer
from capsnet_study.models.params import ModelParams
from capsnet_study.settings.params import Settings
from capsnet_study.settings.results import SettingsResults
from stages.command import run_command
from stages.recording import recorded
from stages.tables import read_faithfulness, read_transfer


@journal_style
def draw(model: ModelParams, shown: FigureParams, settings: Settings) -> dict[str, Figure]:
    """Return all figures by file name."""
    fitting = read_table("plots/fitting.csv")
    return (
        draw_method(model, shown)
        | draw_representation(shown)
        | {
            "fig2_accuracy": figure_accuracy(fitting),
            "fig3_entropy": figure_entropy(fitting),
            "fig7_transfer": figure_transfer(read_transfer()),
        }
        | draw_causes(fitting)
        | draw_settings(settings, model)
    )


def draw_method(model: ModelParams, shown: FigureParams) -> dict[str, Figure]:
    """Return the figures of networks, data and transfer schemes by file name."""
    examples = read_arrays("data/multimnist.safetensors", "test_images", "test_labels")
    sets = read_arrays("data/manifold.safetensors", "images", "offsets")
    pairs = read_facts("data/manifold.safetensors")["pairs"]
    images = {pair: sets["images"][pairs.index(pair)] for pair in shown.pairs}
    domains = splits_of(read_json("data/domains.json"))[0]
    return {
        "fig1_architectures": figure_architectures(
            model, examples["test_images"][:8], examples["test_labels"][:8].astype(int)
        ),
        "fig4_shifts": figure_shifts(images, sets["offsets"]),
        "fig6_schemes": figure_schemes(domains.a, domains.b),
    }


def draw_representation(shown: FigureParams) -> dict[str, Figure]:
    """Return the figures of t-SNE maps by file name."""
    measured = read_table("plots/manifold.csv")
    maps = read_faithfulness("maps").assign(trial=0)  # no other trial's are kept
    return {
        "fig5_maps": figure_maps(maps, measured, shown.pairs, shown.models),
        "faithfulness": figure_faithfulness(measured),
    }


def draw_causes(fitting: pd.DataFrame) -> dict[str, Figure]:
    """Return the figures of ablations and interventions by file name."""
    arms = pd.concat([fitting, read_table("plots/ablations.csv")], ignore_index=True)
    interventions = read_table("plots/interventions.csv")
    return {
        "interventions": figure_interventions(interventions, fitting),
        "train_test": figure_train_test(interventions, fitting),
        "timing": figure_timing(arms),
        "clamp": figure_clamp(arms),
        "certainty": figure_certainty(read_table("plots/trials.csv"), arms),
        "routings": figure_routings(arms),
    }


def draw_settings(settings: Settings, model: ModelParams) -> dict[str, Figure]:
    """Return the figures of the study in other settings by file name."""
    results = from_json(read_json("metrics/settings.json"), SettingsResults).with_all_seeds()
    names = {key: setting.title for key, setting in results.settings.items()}
    sizes = size_table(read_table("plots/settings.csv"), settings, model)
    return {
        "effects": figure_effects(results.effects, names),
        "size": figure_size(sizes),
    }


def main() -> None:
    """Write plots/figures/*.png and *.svg."""
    with recorded("figures"):
        model, shown, settings = load_blocks(
            model=ModelParams, figures=FigureParams, settings=Settings
        )
        for name, figure in draw(model, shown, settings).items():
            for kind in ("png", "svg"):
                content = render(figure, kind, shown.dpi)
                write_bytes(f"plots/figures/{name}.{kind}", content)


if __name__ == "__main__":
    run_command(main)
