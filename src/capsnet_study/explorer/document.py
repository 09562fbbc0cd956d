"""Markdown of the report as HTML: figures within it, headings to link to, places for charts."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import PurePosixPath
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token


class Heading(NamedTuple):
    """One heading: its level from 1, the id to link to, and its text."""

    level: int
    id: str
    text: str


class Document(NamedTuple):
    """The HTML of a Markdown text, and its headings in order."""

    html: str
    headings: list[Heading]


def convert(
    markdown: str, figures: Mapping[str, bytes], inserts: Mapping[str, str], base: str
) -> Document:
    """Return a Markdown text as HTML that shows its figures without other files.

    Parameters
    ----------
    markdown : str
        Trusted: HTML in it stays as it is.
    figures : mapping of str to bytes
        SVG files by name, without folder and suffix: every figure that the text shows.
    inserts : mapping of str to str
        HTML to stand below the caption of a figure, by the name of the figure.
    base : str
        The path from the HTML to the folder of the text, for links to other files.
    """
    parser = MarkdownIt("commonmark", {"html": True}).enable("table")
    tokens = _with_inserts(parser.parse(markdown), inserts)
    headings = list(_named_headings(tokens))
    for part in [part for token in tokens for part in token.children or []]:
        if part.type == "link_open":
            part.attrs["href"] = _target(str(part.attrs["href"]), base)
        elif part.type == "image":
            part.attrs["src"] = _embedded(figures[_figure(part)])
    return Document(parser.renderer.render(tokens, parser.options, {}), headings)


def heading_id(text: str) -> str:
    """Return what links to a heading name, as on GitHub.

    >>> heading_id("C4–C6 on R2"), heading_id("Model fitting (paper 3.1)")
    ('c4c6-on-r2', 'model-fitting-paper-31')
    """
    return re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")


def _named_headings(tokens: Sequence[Token]) -> Iterator[Heading]:
    """Give headings their ids and yield them."""
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            text = "".join(part.content for part in inline.children or [])
            opening.attrs["id"] = heading_id(text)
            yield Heading(int(opening.tag.removeprefix("h")), heading_id(text), text)


def _with_inserts(tokens: Sequence[Token], inserts: Mapping[str, str]) -> list[Token]:
    """Return the tokens with each insert after the paragraph that follows its figure."""
    found, waiting = [], []
    for token in tokens:
        found.append(token)
        shown = [_figure(part) for part in token.children or [] if part.type == "image"]
        # The paragraph of the figure ends first, then that of its caption.
        waiting += [[name, 2] for name in shown if name in inserts]
        if token.type == "paragraph_close":
            waiting = [[name, paragraphs - 1] for name, paragraphs in waiting]
            done = [name for name, paragraphs in waiting if paragraphs == 0]
            found += [Token("html_block", "", 0, content=inserts[name]) for name in done]
    return found


def _figure(image: Token) -> str:
    return PurePosixPath(str(image.attrs["src"])).stem


def _embedded(svg: bytes) -> str:
    return f"data:image/svg+xml;base64,{b64encode(svg).decode()}"


def _target(link: str, base: str) -> str:
    """Return a link as the HTML has to write it; those of the web and within the text stay."""
    return link if re.match(r"#|\w+:", link) else f"{base}{link}"
