"""The HTML of the report: what stands by a figure, what is folded, what does not break."""

import re

from capsnet_study.explorer.document import convert, shown_figures

FIGURES = {"one": b"<svg/>", "two": b"<svg/>"}
INSERTS = {"one": "<i>chart one</i>\n", "two": "<i>chart two</i>\n"}


def html(markdown: str) -> str:
    return convert(markdown, FIGURES, INSERTS, "../").html


def table(rows: int) -> str:
    return "| arm (`key`) | **exact** |\n| --- | --- |\n" + "| a | b |\n" * rows + "\n"


def test_a_chart_follows_its_figure_and_the_caption_if_there_is_one():
    text = html("![F](a/one.png)\n\n*Caption.*\n\nText.\n\n![F](a/two.png)\n\nMore text.\n")
    places = [text.index(part) for part in ("Caption", "chart one", "Text", "chart two", "More")]
    assert places == sorted(places)


def test_a_chart_follows_a_figure_that_ends_the_text():
    assert html("# T\n\n![F](one.png)").endswith("chart one</i>\n")


def test_the_figures_of_a_text_are_those_it_shows():
    assert shown_figures("![F](a/one.png) and ![G](two.png), `![H](three.png)`") == {"one", "two"}


def test_a_figure_is_described_by_the_first_sentence_of_its_caption():
    caption = "*Figure 2. Exact match at η = 0.1, by *step*. Lines: means.*"
    assert 'alt="Figure 2. Exact match at η = 0.1, by step."' in html(f"![F](one.png)\n\n{caption}")


def test_without_a_caption_a_figure_keeps_its_own_description():
    assert 'alt="All parts"' in html("![All parts](one.png)\n\n**Bold** text.")


def test_long_tables_but_the_first_are_folded():
    text = html(table(9) + "Text.\n\n" + table(8) + "Text.\n\n" + table(9))
    folds = re.findall(r"<summary>(.*?)</summary>\n<table>", text)
    assert folds == ["Table of 9 rows: arm (key), exact"]
    assert text.count("<details>") == text.count("</table>\n</details>") == 1
    assert text.index("<details>") > text.index("</table>", text.index("</table>") + 1)


def test_keys_of_arms_stay_on_one_line_and_checksums_do_not():
    text = html(f"`n6_eta0p01` and `{64 * 'a'}`")
    assert '<code class="key">n6_eta0p01</code>' in text and f"<code>{64 * 'a'}</code>" in text
