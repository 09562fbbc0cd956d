"""The report as HTML: where links lead, what replaces a figure, what the contents list."""

import pytest

from capsnet_study.page.document import convert
from capsnet_study.page.render import render_page
from stages.page import web_address

REPORT = """# Title

## What *routing* does

![Curves](plots/figures/curves.png)

*Figure 1. A caption.*

![Maps](plots/figures/maps.svg)

See [the method](docs/method.md#arms), [below](#what-routing-does) and
[the paper](https://arxiv.org/abs/1810.04041).
"""


def test_links_to_files_lead_to_the_repository_and_others_stay() -> None:
    html, _ = render_page(REPORT, {}, "https://github.com/someone/study")
    method = "https://github.com/someone/study/blob/HEAD/docs/method.md#arms"
    for link in (method, "#what-routing-does", "https://arxiv.org/abs/1810.04041"):
        assert f'href="{link}"' in html
    assert 'id="what-routing-does"' in html


def test_a_chart_replaces_the_figure_of_its_name_and_keeps_the_caption() -> None:
    document = convert(REPORT, {"curves": "<b>chart</b>"}, "")
    before, chart, after = document.html.partition("<b>chart</b>")
    assert chart and "<noscript><img" in before
    assert "A caption" in after and 'src="plots/figures/maps.svg"' in after
    assert document.images == ["plots/figures/curves.png", "plots/figures/maps.svg"]


@pytest.mark.parametrize("remote", ["", "/work/study", "../study.git", "file:///work/study"])
def test_a_folder_has_no_address_on_the_web(remote: str) -> None:
    assert web_address(remote) is None
