"""What tests read of a text in Markdown."""

import re

from capsnet_study.page.document import heading_id


def assert_sound(text: str) -> None:
    """No hole in the text, no paragraph torn apart, every table with one width."""
    assert not re.search(r"\b(nan|None|inf|Undefined)\b|[{}]|\n\n\n", text)
    for table in re.findall(r"(?:^\|.*\|\n)+", text, flags=re.MULTILINE):
        assert len({line.count("|") for line in table.splitlines()}) == 1, table
    assert all(line.endswith("|") for line in text.splitlines() if line.startswith("|"))


def section_of(text: str, title: str) -> str:
    """The text below a heading, up to the next one."""
    return re.split(r"\n#+ ", re.split(rf"\n#+ {re.escape(title)}\n", text)[1])[0]


def rows_of(text: str) -> list[list[str]]:
    """The cells of all rows of tables, without their heads."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line[1:-1].split("|")] for line in lines]
    rules = [place for place, row in enumerate(cells) if set("".join(row)) <= set("-: ")]
    return [row for place, row in enumerate(cells) if place not in rules and place + 1 not in rules]


def table_after(text: str, words: str) -> list[list[str]]:
    """The rows of the first table below some words."""
    return rows_of(re.search(r"(?:^\|.*\|\n)+", text.split(words)[1], re.MULTILINE)[0])


def headings(text: str) -> list[str]:
    return [heading_id(title) for title in re.findall(r"^#+ (.*)$", text, re.MULTILINE)]


def words_in(text: str) -> int:
    """Count what is read: all but the alternative texts of figures."""
    read = re.sub(r"!\[.*?\]", "", text)
    return sum(bool(re.search(r"\w", word)) for word in read.split())
