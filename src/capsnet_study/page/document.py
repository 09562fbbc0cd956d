"""The report as HTML, with links that lead to the repository and charts in place of figures."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import PurePosixPath
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token


class Document(NamedTuple):
    """The HTML of a Markdown text, its sections by id, and the paths of its images."""

    html: str
    sections: dict[str, str]
    images: list[str]


def convert(markdown: str, charts: Mapping[str, str], base: str) -> Document:
    """Return a Markdown text as HTML.

    Parameters
    ----------
    markdown : str
        It is trusted: HTML within it is kept.
    charts : mapping of str to str
        HTML that replaces an image, by the name of its file without folder and suffix.
    base : str
        What precedes relative links, but not the paths of images.
    """
    parser = MarkdownIt("commonmark", {"html": True}).enable("table")
    tokens = parser.parse(markdown)
    sections = _name_headings(tokens)
    images = _place_charts(tokens, charts)
    for part in [part for token in tokens for part in (token, *(token.children or []))]:
        if part.type == "link_open" and not re.match(r"#|\w+:", str(part.attrs["href"])):
            part.attrs["href"] = f"{base}{part.attrs['href']}"
        elif part.type == "table_open":
            part.attrs["tabindex"] = "0"  # so that the keyboard can scroll a wide table
    return Document(parser.renderer.render(tokens, parser.options, {}), sections, images)


def heading_id(text: str) -> str:
    """Return the id that GitHub gives to a heading.

    >>> heading_id("C4–C6 on R2"), heading_id("Model fitting (paper 3.1)")
    ('c4c6-on-r2', 'model-fitting-paper-31')
    """
    return re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")


def _name_headings(tokens: Sequence[Token]) -> dict[str, str]:
    """Give headings their ids; return those of the second level."""
    sections = {}
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            text = "".join(part.content for part in inline.children or [])
            opening.attrs["id"] = heading_id(text)
            if opening.tag == "h2":
                sections[heading_id(text)] = text
    return sections


def _place_charts(tokens: Sequence[Token], charts: Mapping[str, str]) -> list[str]:
    """Put charts in place of images, which remain for browsers without JavaScript; return paths."""
    paths = []
    for opening, inline, closing in zip(tokens, tokens[1:], tokens[2:], strict=False):
        for image in [part for part in inline.children or [] if part.type == "image"]:
            paths.append(str(image.attrs["src"]))
            opening.tag = closing.tag = "div"  # a paragraph cannot contain a chart
            opening.attrs["class"] = "figure"
            if chart := charts.get(PurePosixPath(paths[-1]).stem):
                ends = "<noscript>", f"</noscript>\n{chart}"
                before, after = (Token("html_inline", "", 0, content=end) for end in ends)
                inline.children = [before, *inline.children, after]
    return paths
