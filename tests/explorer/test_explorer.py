"""The page of the report: what its charts hold, and HTML that needs no other file."""

import json
import re
from urllib.parse import unquote_to_bytes

import numpy as np
import pandas as pd
import pytest

from capsnet_study.explorer.exhibits import Exhibit
from capsnet_study.explorer.fitting_charts import curves_chart, trajectories_chart
from capsnet_study.explorer.map_chart import maps_chart
from capsnet_study.explorer.page import render_page
from capsnet_study.explorer.points import curve_rows, map_rows, trajectory_rows
from capsnet_study.figures.arms import shown_arms
from capsnet_study.figures.style import arm_look
from capsnet_study.names import arm_name
from capsnet_study.training.arms import capsule_arms
from tests.tables import ARMS, STEPS, fitting, maps, some_arms

SHOWN = shown_arms(fitting())  # without those of another initial gain
LABELS = [arm_name(arm) for arm in SHOWN.values()]
CAPSNETS = [arm_name(arm) for arm in capsule_arms(SHOWN).values()]
SHEETS = {"3-5": "data:image/png;base64,AA", "7-8": "data:image/png;base64,BB"}
FIGURES = {"fig2_accuracy": b"<svg>2</svg>", "fig5_maps": b'<svg a="100%">\n&lt;5 #\xc3\xa9</svg>'}
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
| n = 1 | 1 < 2 |
"""


def exhibits() -> list[Exhibit]:
    curves, chosen = curves_chart(fitting()), maps_chart(maps(), SHEETS, ["7-8"], ["cnn"])
    return [
        Exhibit("curves", "fig2_accuracy", "Curves", "Click & see.", curves, ["plots/a.csv"]),
        Exhibit("maps", "fig5_maps", "Maps", "Choose.", chosen, []),
        Exhibit("other", "fig9", "Curves of no figure", "Click.", curves, []),
    ]


@pytest.fixture(scope="module")
def page() -> str:
    return render_page(REPORT, FIGURES, exhibits(), base="../")


def test_curves_hold_mean_and_spread_of_every_arm_that_is_drawn():
    table = fitting()
    rows = pd.DataFrame(curve_rows(table))
    assert list(rows["arm"].unique()) == LABELS and len(LABELS) < len(ARMS)
    assert rows["step"].tolist() == [*STEPS] * len(LABELS)
    last = rows[rows["arm"] == "CNN"].iloc[-1]
    values = table.loc[(table["arm"] == "cnn") & (table["step"] == STEPS[-1]), "exact_match"]
    mean, std = values.mean(), values.std()
    assert tuple(last[["match_low", "match_mean", "match_high"]]) == pytest.approx(
        (mean - std, mean, mean + std), abs=1e-5
    )
    assert last["match_words"] == f"{100 * mean:.1f} ± {100 * std:.1f} % (3 trials)"


def test_a_single_trial_has_no_spread():
    row = curve_rows(fitting(trials=1))[-1]
    assert row["match_low"] == row["match_mean"] == row["match_high"]
    assert row["match_words"] == f"{100 * row['match_mean']:.1f} % (one trial)"


def test_gains_are_differences_to_three_iterations_paired_by_trial():
    table = fitting()
    rows = pd.DataFrame(curve_rows(table))
    last = table[table["step"] == STEPS[-1]].pivot(
        index="trial", columns="arm", values="exact_match"
    )
    gain = last["cnn"] - last["n3"]
    found = rows[rows["arm"] == "CNN"].iloc[-1]
    assert tuple(found[["gain_low", "gain_mean", "gain_high"]]) == pytest.approx(
        (gain.mean() - gain.std(), gain.mean(), gain.mean() + gain.std()), abs=1e-5
    )
    words = f"{100 * gain.mean():+.1f} ± {100 * gain.std():.1f} points (3 trials)"
    assert found["gain_words"] == words.replace("-", "−")
    own = rows[rows["arm"] == arm_name(ARMS["n3"])]
    assert (own[["gain_low", "gain_mean", "gain_high"]] == 0).all(axis=None)


def test_without_three_iterations_there_is_no_gain():
    assert "gain_mean" not in pd.DataFrame(curve_rows(fitting(some_arms("n1", "cnn"))))


def test_trajectories_are_means_of_arms_with_couplings():
    table = fitting()
    rows = pd.DataFrame(trajectory_rows(table))
    assert list(rows["arm"].unique()) == CAPSNETS
    found = rows[rows["arm"] == arm_name(ARMS["n3"])].set_index("step")
    means = table[table["arm"] == "n3"].groupby("step").mean(numeric_only=True)
    for name, column in (("R1", "entropy_share_r1"), ("R2", "entropy_share_r2")):
        np.testing.assert_allclose(found[name], means[column], atol=1e-6)
    np.testing.assert_allclose(found["exact_match"], means["exact_match"], atol=1e-5)


def test_maps_fill_the_square_and_keep_their_shape():
    rows, dr, dc = map_rows(maps().sample(frac=1, random_state=0))
    places = {(row["model"], row["pair"]): row for row in rows}
    assert len(places) == 4
    for height, key in enumerate(maps().groupby(["model", "pair"], sort=False).groups, start=2):
        assert places[key]["x"] == [round(column / (4 * height), 3) for column in dc]
        assert places[key]["y"] == [line / 4 for line in dr]


def test_maps_of_other_grids_are_refused():
    with pytest.raises(ValueError, match="same offsets"):
        map_rows(maps().iloc[:-1])


def test_arms_have_the_colours_of_the_figures():
    looks = {arm_name(arm): arm_look(arm).colour for arm in SHOWN.values()}
    for chart, labels in ((curves_chart, LABELS), (trajectories_chart, CAPSNETS)):
        scale = chart(fitting()).to_dict()["layer"][1]["encoding"]["color"]["scale"]
        assert scale["domain"] == labels
        assert scale["range"] == [looks[label] for label in labels]


def test_arms_of_like_colours_have_lines_of_different_shape():
    layers = curves_chart(fitting()).to_dict()["layer"]
    scale = next(
        found["strokeDash"]["scale"]
        for layer in layers
        if "strokeDash" in (found := layer["encoding"])
    )
    lines = [tuple(dash) for dash in scale["range"]]
    assert scale["domain"] == LABELS
    assert all(len({*lines[start : start + 9]}) == 9 for start in range(len(lines) - 8))


def test_charts_of_arms_without_couplings_have_nothing_to_draw():
    table = fitting(some_arms("cnn"))
    assert trajectory_rows(table) == [] and trajectories_chart(table).to_dict()


@pytest.mark.parametrize(
    "pairs, models, start",
    [
        (["7-8"], ["cnn", "capsnet"], ("cnn", "capsnet", "7-8")),
        (["0-1", "7-8"], ["pixels", "cnn"], ("cnn", "capsnet", "7-8")),
        ([], [], ("capsnet", "cnn", "3-5")),
    ],
)
def test_menus_start_at_what_is_wanted_and_there(pairs, models, start):
    params = {
        one["name"]: one for one in maps_chart(maps(), SHEETS, pairs, models).to_dict()["params"]
    }
    assert tuple(params[name]["value"] for name in ("left", "right", "pair")) == start
    assert params["pair"]["bind"]["options"] == ["3-5", "7-8"]
    assert params["pair"]["bind"]["labels"] == ["fixed 3, moving 5", "fixed 7, moving 8"]


def test_colours_tell_the_offset_that_they_are_of():
    chart = maps_chart(maps(), SHEETS, [], []).to_dict()
    shifts = next(one["value"] for one in chart["params"] if one["name"] == "shifts")
    for name, offset in (("row", "dr"), ("column", "dc")):
        assert len({*zip(shifts[offset], shifts["colours"][name], strict=True)}) == 9
    assert len({*shifts["colours"]["row and column"]}) == 81


def test_the_sheet_is_moved_across_by_columns_and_down_by_rows():
    image = maps_chart(maps(), SHEETS, [], []).to_dict()["hconcat"][2]["vconcat"][0]["mark"]
    assert "at.dc + 4" in image["x"]["expr"] and "at.dr + 4" in image["y"]["expr"]


def test_data_of_the_maps_stands_in_the_chart_once():
    text = json.dumps(maps_chart(maps(), SHEETS, [], []).to_dict())
    assert text.count('"x": [') == len(map_rows(maps())[0])


def test_figures_are_within_the_page(page):
    sources = re.findall(r'<img src="([^"]*)"', page.split("<script>")[0])
    shown = [unquote_to_bytes(source.partition(",")[2]) for source in sources]
    assert shown == list(FIGURES.values())
    assert all(source.startswith("data:image/svg+xml,") for source in sources)


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
    assert "Click &amp; see." in first and 'href="../plots/a.csv">plots/a.csv<' in first


def test_a_chart_of_a_figure_that_the_report_does_not_show_stands_at_the_end(page):
    _, others = page.split("<script>")[0].split("<h2>More charts</h2>")
    assert re.findall(r'<figure class="exhibit" id="([^"]+)"', others) == ["other"]
    assert '<a href="#other">Curves of no figure</a>' in page


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
