"""The page, in a browser without network."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Locator, Page, sync_playwright

from capsnet_study.common.storage import write_table
from capsnet_study.figures.style import render
from capsnet_study.representation.params import MODELS
from stages import explorer
from tests.cause_tables import MECHANISM_ARMS, evaluations, exposure, interventions
from tests.figures.figure_inputs import FIGURES
from tests.tables import PAIRS, fitting, maps

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
CHARTS = ("training-curves", "trajectories", "maps")
CAUSES = ("step-differences", "interventions-chart", "clamp-chart", "exposure-chart")
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
        explorer.main()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=FLAGS)
        yield open_page(browser.new_page(offline=True), folder / "plots/report.html")
        browser.close()


def write_inputs(folder: Path) -> None:
    """Write what the stage reads: parameters, tables, figures and a report that shows them."""
    write_table(folder / "plots/fitting.csv", fitting())
    write_table(folder / "plots/mechanism.csv", evaluations(MECHANISM_ARMS))
    write_table(folder / "plots/interventions.csv", interventions())
    write_table(folder / "plots/exposure.csv", exposure())
    write_table(folder / "plots/manifold_maps.csv", maps(MODELS, PAIRS))
    text = "# A report\n\n[The maps](#maps-of-shifts)\n\n## Maps of shifts\n"
    (folder / "plots/figures").mkdir()
    for name, figure in SHOWN.items():
        (folder / f"plots/figures/{name}.svg").write_bytes(render(FIGURES[figure](), "svg", 60))
        text += f"\n![A figure](plots/figures/{name}.png)\n\n*Its caption.*\n"
    (folder / "REPORT.md").write_text(text)
    (folder / "params.yaml").write_text(PARAMS)


def open_page(page: Page, path: Path) -> Visit:
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("request", lambda request: troubles.append(request.url.split(",")[0]))
    page.goto(path.as_uri())
    for chart in (*CHARTS, *CAUSES):
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
    assert marked.count() == 0
    dots(visit.page, "maps").nth(0).hover(force=True)
    assert marked.count() == 3
    assert "row offset" in visit.page.locator("#vg-tooltip-element").inner_text()
    assert visit.troubles == []


def test_on_a_phone_no_chart_is_wider_than_the_page(visit: Visit) -> None:
    phone = visit.page.context.browser.new_page(
        offline=True, viewport={"width": 390, "height": 844}
    )
    open_page(phone, Path(visit.page.url.removeprefix("file://")))
    for chart in (*CHARTS, *CAUSES, "train-test"):
        place = phone.locator(f"#{chart} .chart")
        drawn = place.locator("svg").first.bounding_box()["width"]
        assert drawn <= place.bounding_box()["width"], chart
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    phone.close()
