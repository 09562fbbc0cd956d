"""The page of the report: what its charts hold, and HTML that needs no other file."""

import json
import re
from base64 import b64decode

import numpy as np
import pandas as pd
import pytest

from capsnet_study.explorer import (
    Exhibit,
    curves_chart,
    maps_chart,
    render_page,
    trajectories_chart,
)
from capsnet_study.explorer.points import curve_rows, map_rows, trajectory_rows
from capsnet_study.figures.arms import arms_of
from capsnet_study.figures.style import arm_look

ARMS = {  # model, n_iter, eta, eta_max, gradient, init_gain
    "n1": ("capsnet", 1, 1.0, np.nan, "full", np.nan),
    "n6_eta0p1": ("capsnet", 6, 0.1, np.nan, "full", np.nan),
    "n7_last": ("capsnet", 7, 1.0, np.nan, "last", np.nan),
    "n3_gain1": ("capsnet", 3, 1.0, np.nan, "full", 1.0),
    "cnn": ("cnn", np.nan, np.nan, np.nan, np.nan, np.nan),
}
LABELS = ["n = 1", "n = 6, η = 0.1", "n = 7, gradient last", "CNN"]
FIGURES = {"fig2_accuracy": b"<svg>2</svg>", "fig5_maps": b"<svg>5</svg>"}
REPORT = """# Report: *a title*

## Results

### Model fitting (paper 3.1)

![Figure 2](plots/figures/fig2_accuracy.png)

*Figure 2. A caption.*

Text with [a file](claims.yaml), [a claim](#c1) and [a site](https://arxiv.org/abs/1810.04041).

![Figure 5](plots/figures/fig5_maps.png)

*Figure 5. Another caption.*

#### C1

| arm | exact match |
| --- | ---: |
| `n1` | 1 < 2 |
"""


def fitting(trials: int = 2) -> pd.DataFrame:
    columns = ["model", "n_iter", "eta", "eta_max", "gradient", "init_gain"]
    rows = []
    for name, facts in ARMS.items():
        for trial in range(trials):
            for progress, step in enumerate((0, 10, 200)):
                share = 1 - 0.1 * progress if facts[0] == "capsnet" else np.nan
                measures = {"exact_match": 0.2 * progress + 0.1 * trial}
                measures |= {"entropy_share_r1": share, "entropy_share_r2": share / 2}
                place = {"arm": name, "trial": trial, "step": step}
                rows.append(place | dict(zip(columns, facts, strict=True)) | measures)
    return pd.DataFrame(rows)


def maps() -> pd.DataFrame:
    grid = pd.DataFrame([(dr, dc) for dr in range(-4, 5) for dc in range(-4, 5)])
    grid = grid.set_axis(["dr", "dc"], axis=1)
    points = grid.assign(x=100.0 + grid["dc"], y=2.0 * grid["dr"])
    parts = [points.assign(model=m, pair=p) for m in ("capsnet", "cnn") for p in ("3-5", "7-8")]
    return pd.concat(parts, ignore_index=True)


def exhibits() -> dict[str, Exhibit]:
    table = fitting()
    return {
        "fig2_accuracy": Exhibit("curves", "Curves", "Click & see.", curves_chart(table)),
        "fig5_maps": Exhibit("maps", "Maps", "Choose.", maps_chart(maps(), ["7-8"], ["cnn"])),
    }


@pytest.fixture(scope="module")
def page() -> str:
    return render_page(REPORT, FIGURES, exhibits(), base="../")


def test_curves_hold_mean_and_spread_of_every_arm_that_is_drawn():
    rows = pd.DataFrame(curve_rows(fitting()))
    assert list(rows["arm"].unique()) == LABELS  # without the arm of another initial gain
    last = rows[(rows["arm"] == "CNN") & (rows["step"] == 200)].iloc[0]
    std = np.std([0.4, 0.5], ddof=1)
    assert (last["mean"], last["low"], last["high"]) == pytest.approx(
        (0.45, 0.45 - std, 0.45 + std), abs=1e-5
    )
    assert last["reached"] == "45.0 ± 7.1 % (2 trials)"


def test_a_single_trial_has_no_spread():
    row = curve_rows(fitting(trials=1))[-1]
    assert row["low"] == row["mean"] == row["high"]
    assert row["reached"] == "40.0 % (one trial)"


def test_trajectories_are_those_of_arms_with_couplings():
    rows = pd.DataFrame(trajectory_rows(fitting()))
    assert list(rows["arm"].unique()) == LABELS[:-1]
    first = rows[rows["arm"] == LABELS[0]]
    assert list(first["step"]) == [0, 10, 200]
    assert list(first["R1"]) == [1.0, 0.9, 0.8] and list(first["R2"]) == [0.5, 0.45, 0.4]
    assert list(first["exact_match"]) == [0.05, 0.25, 0.45]


def test_maps_fill_the_square_and_keep_their_shape():
    rows, dr, dc = map_rows(maps().sample(frac=1, random_state=0))
    assert {(row["model"], row["pair"]) for row in rows} == {
        (model, pair) for model in ("capsnet", "cnn") for pair in ("3-5", "7-8")
    }
    for row in rows:
        assert row["x"] == [column / 8 for column in dc]  # half as wide as high
        assert row["y"] == [line / 4 for line in dr]


def test_maps_of_other_grids_are_refused():
    with pytest.raises(ValueError, match="same offsets"):
        map_rows(maps().iloc[:-1])


def test_arms_have_the_colours_of_the_figures():
    looks = [arm_look(arm) for arm in arms_of(fitting())]
    for chart, arms in ((curves_chart, looks), (trajectories_chart, looks[:-1])):
        scale = chart(fitting()).to_dict()["layer"][1]["encoding"]["color"]["scale"]
        assert scale["domain"] == LABELS[: len(arms)]
        assert scale["range"] == [look.colour for look in arms]


@pytest.mark.parametrize(
    "pairs, models, start",
    [
        (["7-8"], ["cnn", "capsnet"], ("cnn", "capsnet", "7-8")),
        (["0-1", "7-8"], ["pixels", "cnn"], ("cnn", "capsnet", "7-8")),
        ([], [], ("capsnet", "cnn", "3-5")),
    ],
)
def test_menus_start_at_what_is_wanted_and_there(pairs, models, start):
    params = {one["name"]: one for one in maps_chart(maps(), pairs, models).to_dict()["params"]}
    assert tuple(params[name]["value"] for name in ("left", "right", "pair")) == start
    assert params["pair"]["bind"]["options"] == ["3-5", "7-8"]
    assert params["pair"]["bind"]["labels"] == ["fixed 3, moving 5", "fixed 7, moving 8"]


def test_data_of_the_maps_stands_in_the_chart_once():
    text = json.dumps(maps_chart(maps(), [], []).to_dict())
    assert text.count('"x": [') == len(map_rows(maps())[0])


def test_figures_are_within_the_page(page):
    sources = re.findall(r'<img src="([^"]*)"', page.split("<script>")[0])
    assert [b64decode(source.partition(",")[2]) for source in sources] == list(FIGURES.values())
    assert all(source.startswith("data:image/svg+xml;base64,") for source in sources)


def test_the_page_loads_nothing(page):
    tags = re.findall(r"<(?:link|script|img|iframe|source)\b[^>]*>", page.split("<script>")[0])
    assert all('src="data:' in tag for tag in tags)
    assert "default-src 'none'" in page
    assert page.count("window.vegaEmbed=") == 1


def test_charts_stand_below_the_captions_of_their_figures(page):
    first, second = page.split('<p><img src="')[1:]
    for part, caption, name in ((first, "A caption", "curves"), (second, "Another", "maps")):
        assert part.index(caption) < part.index(f'id="{name}"')
    assert first.index('id="curves"') < first.index("Text with")
    assert "Click &amp; see." in first


def test_links_lead_from_the_page_to_files_claims_and_sites(page):
    assert '<a href="../claims.yaml">' in page
    assert '<a href="#c1">' in page and '<h4 id="c1">' in page
    assert '<a href="https://arxiv.org/abs/1810.04041">' in page


def test_tables_and_contents_are_those_of_the_report(page):
    assert '<td style="text-align:right">1 &lt; 2</td>' in page
    contents = re.findall(r'class="level-(\d)"><a href="#([^"]+)">([^<]+)<', page)
    assert contents == [
        ("2", "results", "Results"),
        ("3", "model-fitting-paper-31", "Model fitting (paper 3.1)"),
    ]
    assert "<title>Report: a title</title>" in page


def test_the_same_inputs_give_the_same_page(page):
    assert render_page(REPORT, FIGURES, exhibits(), base="../") == page
