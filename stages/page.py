"""Write the page: the report in HTML with interactive charts, in the folder ``site``.

Not a stage of the pipeline: ``make page``. It reads committed tables. The images that the maps show
are in data/manifold.safetensors; without this file there are maps without images.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import altair as alt
import pandas as pd

from capsnet_study.claims.records import from_json
from capsnet_study.common.params import load_blocks
from capsnet_study.common.storage import (
    read_arrays,
    read_facts,
    read_json,
    read_table,
    write_bytes,
    write_text,
)
from capsnet_study.figures.params import FigureParams
from capsnet_study.page.charts import curves_chart, effects_chart, maps_chart
from capsnet_study.page.render import render_page, vega_library
from capsnet_study.page.tables import curve_table, effect_table, image_table, map_table
from capsnet_study.settings.results import SettingsResults
from capsnet_study.training.arms import arms_in, in_order, without_own_gain
from stages.command import run_command
from stages.tables import read_faithfulness

SITE = Path("site")
IMAGES = Path("data/manifold.safetensors")
MODELS = ("capsnet", "cnn", "uniform", "pixels")  # of which maps are shown


def main() -> None:
    """Write site/index.html and what it loads."""
    home = repository()
    report = Path("REPORT.md").read_text(encoding="utf-8")
    html, figures = render_page(report, read_charts(), home)
    shutil.rmtree(SITE, ignore_errors=True)
    for path in figures:
        write_bytes(SITE / path, Path(path).read_bytes())
    write_text(SITE / "vega.js", vega_library())
    write_text(SITE / "index.html", html)
    print(f"{SITE}/index.html: links lead to {home or 'this folder, as no repository is known'}")
    if not IMAGES.exists():
        print(f"without images beside the maps: `dvc repro manifold_images` makes {IMAGES}")


def read_charts() -> dict[str, alt.TopLevelMixin]:
    """Return the charts by the name of the figure that each replaces."""
    fitting = read_table("plots/fitting.csv")
    arms = in_order(without_own_gain(arms_in(fitting)))
    measured = read_table("plots/manifold.csv")
    pairs = shown_pairs(measured)
    maps = map_table(read_faithfulness("maps"), measured, MODELS, pairs)
    settings = from_json(read_json("metrics/settings.json"), SettingsResults).with_all_seeds()
    return {
        "fig2_accuracy": curves_chart(curve_table(fitting, arms), arms),
        "fig5_maps": maps_chart(maps, read_images(pairs)),
        "effects": effects_chart(effect_table(settings)),
    }


def shown_pairs(measured: pd.DataFrame) -> list[str]:
    """Return the digit pairs of figure 5, and the CapsNet's best, median and worst by disparity."""
    (shown,) = load_blocks(figures=FigureParams)
    rows = measured.loc[measured["model"] == "capsnet"]
    ranked = rows.groupby("pair")["procrustes_disparity"].mean().sort_values().index
    pairs = [*shown.pairs, ranked[0], ranked[len(ranked) // 2], ranked[-1]]
    return [pair for pair in dict.fromkeys(pairs) if pair in ranked]


def read_images(pairs: list[str]) -> pd.DataFrame | None:
    """Return the images of digit pairs; None if they have not been made."""
    if not IMAGES.exists():
        return None
    sets = read_arrays(IMAGES, "images", "offsets")
    images = dict(zip(read_facts(IMAGES)["pairs"], sets["images"], strict=True))
    return pd.concat([image_table(pair, images[pair], sets["offsets"]) for pair in pairs])


def repository() -> str | None:
    """Return the address of the repository: that in pyproject.toml, else that of Git's origin."""
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    command = ["git", "remote", "get-url", "origin"]
    origin = subprocess.run(command, capture_output=True, text=True).stdout
    return web_address(project.get("urls", {}).get("Repository", origin))


def web_address(remote: str) -> str | None:
    """Return the address on the web of a Git remote, without credentials; None for a folder.

    >>> web_address("git@github.com:someone/study.git")
    'https://github.com/someone/study'
    >>> web_address("https://user:secret@github.com/someone/study")
    'https://github.com/someone/study'
    """
    pattern = r"(?:(?:https|ssh)://(?:[^@/]+@)?|git@)([\w.-]+)[:/](.+?)(?:\.git)?/?"
    found = re.fullmatch(pattern, remote.strip())
    return f"https://{found[1]}/{found[2]}" if found else None


if __name__ == "__main__":
    run_command(main)
