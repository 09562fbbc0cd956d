"""Markdown of the report as HTML: figures within it, long tables folded, places for charts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import pairwise
from pathlib import PurePosixPath
from typing import NamedTuple
from urllib.parse import quote

from markdown_it import MarkdownIt
from markdown_it.token import Token

HARMLESS = " ;/?:@=+$,-_.!~*'()"  # what an address within quotes may hold as it is
KEY_LENGTH = 24  # characters: what is no longer, as the key of an arm, stays on one line
LONG_TABLE = 8  # rows; longer ones are folded


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
    parser = _parser()
    tokens = _with_inserts(parser.parse(markdown), inserts)
    _describe_figures(tokens)
    tokens = _with_folds(tokens)
    headings = list(_named_headings(tokens))
    for part in [part for token in tokens for part in token.children or []]:
        if part.type == "link_open":
            part.attrs["href"] = _target(str(part.attrs["href"]), base)
        elif part.type == "image":
            part.attrs["src"] = _embedded(figures[_figure(part)])
        elif part.type == "code_inline" and len(part.content) <= KEY_LENGTH:
            part.attrs["class"] = "key"
    return Document(parser.renderer.render(tokens, parser.options, {}), headings)


def shown_figures(markdown: str) -> set[str]:
    """Return the names of the figures that a Markdown text shows, as `convert` takes them."""
    return {name for token in _parser().parse(markdown) for name in _figures(token)}


def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": True}).enable("table")


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
    """Return the tokens with each insert after its figure, or after the caption if it has one."""
    found: list[Token] = []
    waiting: list[str] = []
    for token, following in zip(tokens, [*tokens[2:], None, None], strict=True):
        found.append(token)
        waiting += [name for name in _figures(token) if name in inserts]
        if token.type == "paragraph_close" and not _is_caption(following):
            found += [_html(inserts[name]) for name in waiting]
            waiting = []
    return found


def _is_caption(line: Token | None) -> bool:
    """Tell whether a paragraph is set in italics from its start."""
    return bool(line and line.children) and [part.type for part in line.children][:1] == ["em_open"]


def _figures(token: Token) -> list[str]:
    return [_figure(part) for part in token.children or [] if part.type == "image"]


def _describe_figures(tokens: Sequence[Token]) -> None:
    """Give figures the first sentence of their caption as the words for those who see none."""
    lines = [token for token in tokens if token.type == "inline"]
    for line, caption in pairwise(lines):
        for image in [part for part in line.children or [] if part.type == "image"]:
            if _is_caption(caption):
                text = "".join(part.content for part in caption.children or [])
                image.children = [Token("text", "", 0, content=first_sentence(text))]


def first_sentence(caption: str) -> str:
    """Return the first sentence of a caption, with the number of the figure.

    >>> first_sentence("Figure 2. Exact match at η = 0.1, by step. Lines: means.")
    'Figure 2. Exact match at η = 0.1, by step.'
    """
    found = re.match(r"(?:Figure \w+\. )?.*?(?:[.;:](?=\s)|$)", caption, re.DOTALL)
    return found.group().rstrip(";:") if found else caption


def _with_folds(tokens: Sequence[Token]) -> list[Token]:
    """Return the tokens with each long table folded; the first table of all stays open."""
    found: list[Token] = []
    opened, tables = 0, 0
    for token in tokens:
        found.append(token)
        if token.type == "table_open":
            opened, tables = len(found) - 1, tables + 1
        elif token.type == "table_close":
            table = found[opened:]
            rows = sum(one.type == "tr_open" for one in table) - 1  # without the head
            if rows > LONG_TABLE and tables > 1:
                found[opened:] = [_html(_fold_start(table, rows)), *table, _html("</details>\n")]
    return found


def _fold_start(table: Sequence[Token], rows: int) -> str:
    """Return the line that opens a folded table: its columns and how many rows it has."""
    kinds = [one.type for one in table]
    cells = [one.content for one in table[: kinds.index("thead_close")] if one.type == "inline"]
    columns = ", ".join(re.sub(r"[`*]", "", cell) for cell in cells if cell)
    return f"<details><summary>Table of {rows} rows: {escape(columns)}</summary>\n"


def _html(content: str) -> Token:
    return Token("html_block", "", 0, content=content)


def _figure(image: Token) -> str:
    return PurePosixPath(str(image.attrs["src"])).stem


def _embedded(svg: bytes) -> str:
    """Return the address of an SVG file within the page, a fifth shorter than in base 64."""
    return f"data:image/svg+xml,{quote(svg, safe=HARMLESS)}"


def _target(link: str, base: str) -> str:
    """Return a link as the HTML has to write it; those of the web and within the text stay."""
    return link if re.match(r"#|\w+:", link) else f"{base}{link}"
