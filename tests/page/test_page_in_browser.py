"""The whole page in a browser without a network, on a screen and on a phone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from capsnet_study.claims.records import to_json
from capsnet_study.common.storage import write_arrays, write_bytes, write_json, write_table
from capsnet_study.page.tables import DIFFERENCE
from stages import page as stage
from stages.tables import REPRESENTATIONS
from tests.page.test_tables import SETTINGS
from tests.tables import PAIRS, fitting, manifold, maps, offsets

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FIGURES = ("fig2_accuracy", "fig5_maps", "effects", "clamp")  # of which the last one has no chart
pytestmark = pytest.mark.slow

PARAMS = "figures:\n  dpi: 60\n  pairs: [7-8]\n  models: [capsnet, cnn]\n"
TABLE = f"| {'wide | ' * 30}\n| {'--- | ' * 30}\n| {'1234567 | ' * 30}\n"


def write_inputs(folder: Path) -> None:
    """Write what the command reads."""
    write_table(folder / "plots/fitting.csv", fitting())
    write_table(folder / "plots/manifold.csv", manifold())
    for model, rows in maps(REPRESENTATIONS, PAIRS).groupby("model"):
        write_table(folder / f"data/faithfulness/{model}/maps.csv", rows.drop(columns="model"))
    write_json(folder / "metrics/settings.json", to_json(SETTINGS))
    shifts = np.arange(81, dtype=np.uint8)[None, :, None, None]
    arrays = {"images": np.tile(shifts, (len(PAIRS), 1, 36, 36)), "offsets": offsets()}
    write_arrays(folder / "data/manifold.safetensors", arrays, {"pairs": PAIRS})
    file = BytesIO()
    Image.new("L", (700, 400), 200).save(file, "png")
    shown = ""
    for name in FIGURES:
        write_bytes(folder / f"plots/figures/{name}.png", file.getvalue())
        shown += f"\n## {name}\n\n![{name}](plots/figures/{name}.png)\n\n*Caption.*\n"
    (folder / "REPORT.md").write_text(f"# A report\n{shown}\n{TABLE}")
    (folder / "params.yaml").write_text(PARAMS)
    (folder / "pyproject.toml").write_text("[project]\nname = 'study'\n")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of the page."""
    folder = tmp_path_factory.mktemp("page")
    write_inputs(folder)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(folder)
        stage.main()
    return folder / "site/index.html"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip(f"no browser is installed: {', '.join(BROWSERS)}")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu"]
        )


@pytest.fixture
def page(site: Path, browser: Browser) -> Iterator[Page]:
    """Open the page from disk; at the end nothing may have gone wrong or have left the disk."""
    with browser.new_page(offline=True, viewport={"width": 1280, "height": 900}) as page:
        troubles: list[str] = []
        page.on("console", lambda message: troubles.append(message.text))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("requestfailed", lambda request: troubles.append(request.url))
        page.goto(site.as_uri())
        for number in range(3):
            page.locator(".chart").nth(number).locator("svg.marks").wait_for()
        yield page
        assert troubles == []


def drawn(page: Page, chart: int) -> str:
    return page.locator(".chart").nth(chart).locator("svg.marks").inner_html()


def test_charts_replace_their_figures_and_nothing_else(page: Page) -> None:
    assert page.locator("img").count() == 1
    assert page.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)")
    assert page.locator("nav a").count() == len(FIGURES)


@pytest.mark.parametrize(
    ("chart", "menu", "choice"),
    [
        (0, "arms", "CNN"),
        (0, "measure", "entropy of R1 (H / log J)"),
        (0, "view", DIFFERENCE),
        (1, "pair", "3-5"),
        (2, "effect", "many iterations"),
    ],
)
def test_a_chart_shows_what_is_chosen(page: Page, chart: int, menu: str, choice: str) -> None:
    before = [drawn(page, number) for number in range(3)]
    page.locator(f"select[name={menu}]").select_option(choice)
    after = [drawn(page, number) for number in range(3)]
    assert [one != other for one, other in zip(before, after, strict=True)] == [
        number == chart for number in range(3)
    ]


def test_a_shift_is_shown_by_mouse_and_by_keys(page: Page) -> None:
    image = page.locator(".chart .mark-image image")
    at_start = image.get_attribute("href")
    page.locator(".chart").nth(1).locator(".mark-symbol path").first.hover(force=True)
    hovered = image.get_attribute("href")
    page.mouse.move(0, 0)
    page.locator("input[name=column]").focus()
    page.keyboard.press("ArrowRight")
    assert len({at_start, hovered, image.get_attribute("href")}) == 3


def test_all_that_can_be_used_is_reached_by_keys(page: Page) -> None:
    reached = []
    for _ in range(20):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("document.activeElement.name ?? document.activeElement.tagName")
        )
    wanted = ["arms", "measure", "view", "pair", "row", "column", "effect", "TABLE"]
    assert [one for one in reached if one in wanted] == wanted


def test_on_a_phone_in_the_dark_only_tables_and_figures_scroll(page: Page) -> None:
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 390, "height": 800})
    page.reload()
    page.locator(".chart").nth(2).locator("svg.marks").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    widths = page.locator(".chart svg.marks").evaluate_all("all => all.map(one => one.clientWidth)")
    assert len(widths) == 3 and all(250 < width <= 358 for width in widths)
    assert page.locator("table").evaluate("table => table.scrollWidth > table.clientWidth")
    colour = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(colour) != "rgb(255, 255, 255)"


def test_without_images_there_are_still_maps(
    site: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(site.parents[1])
    monkeypatch.setattr(stage, "IMAGES", Path("data/none.safetensors"))
    chart = stage.read_charts()["fig5_maps"].to_json()
    assert '"type": "image"' not in chart and "hover_capsnet" in chart
