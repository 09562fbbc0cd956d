"""The page, in a browser without network."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, sync_playwright

from capsnet_study.claims.records import to_json
from capsnet_study.common.storage import write_arrays, write_json, write_table
from capsnet_study.explorer.map_chart import KEY_SIDE
from capsnet_study.figures.style import render
from capsnet_study.names import MAIN_MODELS
from capsnet_study.representation.params import MODELS
from stages import page as stage
from tests.cause_tables import ABLATIONS, evaluations, exposure, interventions
from tests.explorer.test_result_charts import SETTINGS, records
from tests.figures.figure_inputs import FIGURES, nulls
from tests.tables import PAIRS, fitting, manifold, maps, offsets, transfer

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
CHARTS = ("training-curves", "trajectories", "maps")
CAUSES = ("step-differences", "interventions-chart", "clamp-chart", "exposure-chart")
RESULTS = ("claims-chart", "faithfulness-chart", "transfer-chart", "setting-effects")
MANY_LINES = "document.querySelectorAll('#{} .mark-line path').length > 1"
SHOWN = {"fig2_accuracy": "accuracy", "fig3_entropy": "entropy", "fig5_maps": "maps"}
SHOWN |= {name: name for name in ("step_differences", "interventions", "clamp", "exposure")}
SHOWN |= {"train_test_n": "train_test"}
PARAMS = "figures:\n  dpi: 60\n  pairs: [7-8]\n  models: [capsnet, cnn]\n"


class Visit(NamedTuple):
    """An open page, and what went wrong or left the disk since it was opened."""

    page: Page
    troubles: list[str]


@pytest.fixture(scope="module")
def visit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visit]:
    """Write the page and open it from disk."""
    browser_path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser_path is None:
        pytest.skip(f"no browser is installed: {', '.join(BROWSERS)}")
    folder = tmp_path_factory.mktemp("page")
    write_inputs(folder)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(folder)
        stage.main()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=FLAGS)
        yield open_page(browser.new_page(offline=True), folder / "plots/report.html")
        browser.close()


def write_inputs(folder: Path) -> None:
    """Write what the stage reads: parameters, tables, figures and a report that shows them."""
    write_table(folder / "plots/fitting.csv", fitting())
    write_table(folder / "plots/ablations.csv", evaluations(ABLATIONS))
    write_table(folder / "plots/interventions.csv", interventions())
    write_table(folder / "plots/exposure.csv", exposure())
    for model, rows in maps(MODELS, PAIRS).groupby("model"):
        write_table(folder / f"data/faithfulness/{model}/maps.csv", rows.drop(columns="model"))
    write_table(folder / "plots/manifold.csv", manifold())
    for model in MAIN_MODELS:
        write_table(folder / f"plots/transfer_{model}.csv", transfer(models=[model]))
    write_json(folder / "metrics/manifold.json", {"nulls": nulls()})
    write_json(folder / "metrics/claims.json", to_json(records()))
    write_json(folder / "metrics/settings.json", to_json(SETTINGS))
    images = np.zeros((len(PAIRS), 81, 36, 36), dtype=np.uint8)
    arrays = {"images": images, "offsets": offsets()}
    write_arrays(folder / "data/manifold.safetensors", arrays, {"pairs": PAIRS})
    text = "# A report\n\n[The maps](APPENDIX.md#maps-of-shifts)\n"
    (folder / "plots/figures").mkdir()
    for name, figure in SHOWN.items():
        (folder / f"plots/figures/{name}.svg").write_bytes(render(FIGURES[figure](), "svg", 60))
        text += f"\n![A figure](plots/figures/{name}.png)\n\n*Its caption.*\n"
    (folder / "REPORT.md").write_text(text)
    (folder / "APPENDIX.md").write_text("# Appendix\n\n## Maps of shifts\n")
    (folder / "params.yaml").write_text(PARAMS)


def open_page(page: Page, path: Path) -> Visit:
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("request", lambda request: troubles.append(request.url.split(",")[0]))
    page.goto(path.as_uri())
    for chart in (*CHARTS, *CAUSES, *RESULTS):
        dots(page, chart).first.wait_for()
    assert troubles.pop(0) == path.as_uri()
    return Visit(page, troubles)


def lines(page: Page, chart: str) -> Locator:
    return page.locator(f"#{chart} .mark-line path")


def dots(page: Page, chart: str) -> Locator:
    return page.locator(f"#{chart} .mark-symbol.role-mark path")


def attributes(marks: Locator, name: str) -> list[str]:
    return marks.evaluate_all(f"marks => marks.map(mark => mark.getAttribute('{name}'))")


def menu(page: Page, name: str) -> Locator:
    return page.locator(f"#maps select[name={name}]")


def test_all_is_drawn_and_nothing_is_asked_of_a_network(visit: Visit) -> None:
    for chart in CHARTS:
        assert lines(visit.page, chart).count() > 1
        assert dots(visit.page, chart).count() > 1
    blank = "() => [...document.images].filter(image => !image.naturalWidth).length"
    assert visit.page.locator("img").count() == len(SHOWN)
    assert visit.page.evaluate(blank) == 0
    assert visit.troubles == []


def test_charts_of_causes_show_what_is_chosen(visit: Visit) -> None:
    for chart, option in (
        ("step-differences", "update rate"),
        ("interventions-chart", "n = 9"),
        ("clamp-chart", "n = 9"),
        ("exposure-chart", "effective_mass"),
    ):
        before = attributes(dots(visit.page, chart), "transform")
        visit.page.locator(f"#{chart} input[value='{option}']").check()
        assert attributes(dots(visit.page, chart), "transform") != before
    cells = visit.page.locator("#train-test .mark-text.role-mark text")
    before = cells.all_text_contents()
    visit.page.locator("#train-test input[value=R2]").check()
    assert len(before) > 20 and cells.all_text_contents() != before
    described = visit.page.locator("svg.marks[aria-label], .chart [role=graphics-document]")
    assert described.count() >= len(CHARTS) + len(CAUSES)
    assert visit.troubles == []


def test_every_link_within_the_page_leads_somewhere(visit: Visit) -> None:
    lost = """() => [...document.querySelectorAll('a[href^="#"]')].map(link => link.hash.slice(1))
        .filter(id => id && !document.getElementById(decodeURIComponent(id)))"""
    assert visit.page.evaluate(lost) == []


@pytest.mark.parametrize("chart", CHARTS[:2])
def test_a_click_in_the_legend_leaves_that_arm(visit: Visit, chart: str) -> None:
    labels = visit.page.locator(f"#{chart} .role-legend-label text")
    every = lines(visit.page, chart).count()
    assert every == labels.count()
    labels.nth(1).click()
    assert lines(visit.page, chart).count() == 1
    labels.nth(2).click(modifiers=["Shift"])
    assert lines(visit.page, chart).count() == 2
    visit.page.locator(f"#{chart} svg.marks").click(position={"x": 2, "y": 2})
    assert lines(visit.page, chart).count() == every
    assert visit.troubles == []


def test_entropy_is_that_of_the_layer_chosen(visit: Visit) -> None:
    curves = lines(visit.page, "trajectories")
    before = attributes(curves, "d")
    visit.page.locator("#trajectories input[value=R2]").check()
    assert attributes(curves, "d") != before
    assert visit.troubles == []


@pytest.mark.parametrize("name, value", [("pair", "3-5"), ("left", "pixels"), ("right", "pca")])
def test_maps_are_those_chosen(visit: Visit, name: str, value: str) -> None:
    before = attributes(dots(visit.page, "maps"), "transform")
    assert len(before) == 2 * 81
    menu(visit.page, name).select_option(value)
    after = attributes(dots(visit.page, "maps"), "transform")
    moved = [there != here for there, here in zip(before, after, strict=True)]
    assert any(moved[:81]) == (name != "right") and any(moved[81:]) == (name != "left")
    assert visit.troubles == []


def test_colours_are_those_of_the_offset_chosen(visit: Visit) -> None:
    points = dots(visit.page, "maps")
    assert len(set(attributes(points, "fill"))) == 81
    menu(visit.page, "colouring").select_option("row")
    assert len(set(attributes(points, "fill"))) == 9
    assert visit.troubles == []


def test_a_shift_under_the_mouse_stands_out_everywhere(visit: Visit) -> None:
    marked = visit.page.locator("#maps .role-mark path[stroke-width='1.5']")
    image = visit.page.locator("#maps .mark-image image")
    assert marked.count() == 3  # that of the sliders, no shift at all
    middle = -4 * KEY_SIDE
    assert attributes(image, "transform") == [f"translate({middle},{middle})"]
    dots(visit.page, "maps").nth(0).hover(force=True)
    assert marked.count() == 3
    assert "row offset" in visit.page.locator("#vg-tooltip-element").inner_text()
    visit.page.locator("#maps .mark-rect.role-mark path").nth(80).hover(force=True)
    assert attributes(image, "transform") == [f"translate({2 * middle},{2 * middle})"]
    assert visit.troubles == []


def test_sliders_show_a_shift_without_a_mouse(visit: Visit) -> None:
    image = visit.page.locator("#maps .mark-image image")
    visit.page.mouse.move(0, 0)
    before = attributes(image, "transform")
    visit.page.locator("#maps input[name=column]").focus()
    visit.page.keyboard.press("ArrowRight")
    assert attributes(image, "transform") != before
    assert visit.troubles == []


def test_a_row_of_the_claims_tells_rule_and_verdict(visit: Visit) -> None:
    claims = records()
    dots(visit.page, "claims-chart").nth(0).hover(force=True)
    told = visit.page.locator("#vg-tooltip-element").inner_text()
    assert claims["C1"].rule in told and claims["C1"].verdict in told
    rows = dots(visit.page, "claims-chart").count()
    visit.page.locator("#claims-chart input[value='the paper, 3.3']").check()
    assert 0 < dots(visit.page, "claims-chart").count() != rows
    assert visit.troubles == []


@pytest.mark.parametrize(
    "chart, choose",
    [
        ("faithfulness-chart", ("measure", "continuity")),
        ("transfer-chart", ("scheme", "B2B")),
    ],
)
def test_results_are_those_of_the_menu(visit: Visit, chart: str, choose: tuple[str, str]) -> None:
    before = attributes(dots(visit.page, chart), "transform")
    visit.page.locator(f"#{chart} select[name={choose[0]}]").select_option(choose[1])
    assert attributes(dots(visit.page, chart), "transform") != before
    assert visit.troubles == []


def test_curves_less_those_of_three_iterations_are_level_for_three_iterations(
    visit: Visit,
) -> None:
    curves = lines(visit.page, "training-curves")
    every = curves.count()
    visit.page.locator("#training-curves input[value=gain]").check()
    heights = [
        {point.split(",")[1] for point in path.replace("M", "L").split("L")[1:]}
        for path in attributes(curves, "d")
    ]
    assert len(heights) == every and sum(len(ys) == 1 for ys in heights) == 1
    labels = visit.page.locator("#training-curves .role-axis-label text").all_text_contents()
    assert any(label.endswith("points") for label in labels)
    visit.page.locator("#training-curves button").click()
    visit.page.wait_for_function(
        "document.querySelector('#training-curves input[value=match]').checked"
    )
    assert visit.troubles == []


def test_a_chart_can_be_moved_zoomed_and_reset_and_keeps_the_arms_picked(visit: Visit) -> None:
    page, curves = visit.page, lines(visit.page, "training-curves")
    page.locator("#training-curves .role-legend-label text").nth(2).click()
    before = attributes(curves, "d")
    frame = page.locator("#training-curves .role-frame > g > .background").first.bounding_box()
    x, y = frame["x"] + frame["width"] / 2, frame["y"] + frame["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 40, y + 60, steps=5)
    page.mouse.up()
    moved = attributes(curves, "d")
    assert len(moved) == len(before) == 1 and moved != before
    page.keyboard.down("Control")
    page.mouse.wheel(0, -200)
    page.keyboard.up("Control")
    page.wait_for_timeout(100)
    assert attributes(curves, "d") != moved
    page.locator("#training-curves button").click()
    page.wait_for_function(MANY_LINES.format("training-curves"))
    assert visit.troubles == []


def test_arms_can_be_picked_by_keys(visit: Visit) -> None:
    curves = lines(visit.page, "trajectories")
    every = curves.count()
    visit.page.locator("#trajectories .role-legend-label text").nth(1).focus()
    visit.page.keyboard.press("Enter")
    assert curves.count() == 1
    visit.page.locator("#trajectories button").focus()
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_function(MANY_LINES.format("trajectories"))
    assert curves.count() == every
    assert visit.troubles == []


def test_by_night_text_is_light_and_charts_stay_on_white(visit: Visit) -> None:
    visit.page.emulate_media(color_scheme="dark")
    colours = [
        visit.page.evaluate(f"getComputedStyle(document.querySelector('{what}')).{which}")
        for what, which in (
            ("body", "color"),
            ("body", "backgroundColor"),
            (".chart", "backgroundColor"),
        )
    ]
    visit.page.emulate_media(color_scheme="light")
    assert colours == ["rgb(230, 230, 230)", "rgb(23, 25, 28)", "rgb(255, 255, 255)"]


def test_on_a_phone_no_chart_is_wider_than_the_page(visit: Visit) -> None:
    phone = visit.page.context.browser.new_page(
        offline=True, viewport={"width": 360, "height": 780}
    )
    open_page(phone, Path(visit.page.url.removeprefix("file://")))
    for chart in (*CHARTS, *CAUSES, *RESULTS, "train-test", "settings-chart"):
        place = phone.locator(f"#{chart} .chart")
        drawn = place.locator("svg").first.bounding_box()["width"]
        assert drawn <= place.bounding_box()["width"], chart
    assert phone.evaluate("document.documentElement.scrollWidth") <= 360
    phone.close()
