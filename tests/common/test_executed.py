"""What a module executes, and which modules a stage does."""

from __future__ import annotations

import ast
import re
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capsnet_study.common.executed import (
    CANNOT_AFFECT_RESULTS,
    checksum,
    checksum_of_modules,
    closure,
    executed,
    is_within,
)
from tests.project import ROOT

PACKAGES = {"capsnet_study": ROOT / "src" / "capsnet_study", "stages": ROOT / "stages"}
FILES = [path for folder in PACKAGES.values() for path in sorted(folder.rglob("*.py"))]

USUAL = '''\
"""Module."""

from math import pi

LIMIT = 3
"""Of what."""


class Sizes:
    """Class."""

    width: int = 2
    """Of one."""


def area(r: float, unit: str = "cm") -> str:
    """Function."""
    # one line of words
    return f"{pi * r * r}  # {unit}"
'''


def without_strings(source: str) -> str:
    """Return the tree of a module as text, without statements that are a string."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            body = getattr(node, name, None)
            if isinstance(body, list) and body:
                rest = [one for one in body if not is_string(one)]
                setattr(node, name, rest or ([] if node is tree else [ast.Pass()]))
    return ast.dump(tree)


def is_string(node: ast.stmt) -> bool:
    value = getattr(node, "value", None) if isinstance(node, ast.Expr) else None
    return isinstance(value, ast.Constant) and isinstance(value.value, str)


def test_what_is_left_is_the_code_as_it_is_written():
    assert executed(USUAL).splitlines() == [
        "from math import pi",
        "LIMIT = 3",
        "class Sizes:",
        "    width: int = 2",
        'def area(r: float, unit: str = "cm") -> str:',
        '    return f"{pi * r * r}  # {unit}"',
    ]


AWKWARD = {
    "a body of words": 'def f():\n    """Words."""\n\n\nclass E(Error):\n    "words"\n    "more"\n',
    "words after a colon": 'def f(): """Words."""; "more"\nif f: "words"; f()\nelse: "words"\n',
    "words before code": '"""Words."""; x = 1\nif x:\n    "words" ;y = "#"; "words"\n',
    "words of more than one byte": 's = "ä€"; """Wörter."""; t = "ü#"  # ö\n"""ö"""  # ö\n',
    "words in every kind of body": """
try:
    "words"
except E:
    "words"
else:
    "words"
finally:
    "words"
for a in b:
    "words"
else:
    "words"
match a:
    case 1:
        "words"
""",
    "brackets": "x = [  # one\n\n    1,  # 1\n    # two\n    2,\n]\n",
    "a comment that ends in a backslash": "x = 1  # one \\\ny = 2\n",
    "lines that go on": "x = 1 + \\\n    2  # two\nwith a, \\\n\\\n  b: pass\n",
    "a blank line that ends one that goes on": "x = 1 \\\n\ny = 2 \\\n  # two\nz = 3\n",
    "a string that goes on": "x = 'one \\\n\\\n# two'\n",
    "form feeds": 'x = "\f"  # \f\n\f\n\fdef f():\n    """\f"""\n    return """\f\n\n\f"""\n',
    "other ends of lines": 'x = "\u2028\x1c"\n"""\x85"""\ny = """\u2029\n\n\v"""  # \u2028\n',
    "all kinds of line ends": 'x = 1\r\n\r\n# one\ry = """a\r\n  \r\nb"""\r',
    "f-strings": 'f"{x!r:>{w}} # {y}"  # one\nf"""a  \n\n{\n x  \n}  \n# b"""\n',
    "tabs": 'if x:\n\t"""Words."""\n\ty = 1\t# one\n\t\n\t# two\n',
}


@pytest.mark.parametrize("name", AWKWARD)
def test_what_is_left_of_awkward_code_does_the_same(name):
    source = AWKWARD[name]
    left = executed(source)
    assert without_strings(left) == without_strings(source)
    assert executed(left) == left
    assert "words" not in left.lower() and "wörter" not in left.lower()


WORDS = ["\n", "  \n", "# words\n", "    # wörter \\\n", "\x0c\n", "\t# '''\n", '"""words"""\n']
SOURCES = [USUAL, *AWKWARD.values(), *(path.read_text("utf-8") for path in FILES[::40])]


@given(
    st.sampled_from(SOURCES),
    st.lists(st.tuples(st.floats(0, 1), st.sampled_from(WORDS)), min_size=1, max_size=4),
)
def test_words_put_anywhere_change_something_where_they_change_the_code(source, words):
    """Python's own parser says where they do, as within a string."""
    lines = re.findall(r".*?\n|.+", source, re.DOTALL)
    for share, new in words:
        lines.insert(round(share * len(lines)), new)
    changed = "".join(lines)
    try:
        same = without_strings(changed) == without_strings(source)
    except SyntaxError:
        return
    unchanged = executed(changed) == executed(source)
    assert unchanged == same or (same and 'f"""' in source)  # blanks within its braces count


# What a stage executes


@pytest.fixture
def project(tmp_path):
    """A package `one`, in which `start` imports in every way, and modules that it may reach."""
    files = {
        "start": """
            from __future__ import annotations
            import json, one.plain
            from typing import TYPE_CHECKING
            from one.inner import module, NAME
            from . import beside
            from .inner.relative import x
            if TYPE_CHECKING:
                from one import checked
            else:
                from one import otherwise
            def f():
                if x:
                    from one.late import y
            """,
        "plain": "import two.outside, one.loop",
        "loop": "import one.start",
        "beside": "from one.running.watch import z",
        "inner/relative": "from .. import parent",
        "running/watch": "from one import watched",
        "inner/__init__": "from one import attached",
    }
    others = ("inner/module", "checked", "otherwise", "late", "parent", "attached", "watched")
    for name, text in (dict.fromkeys(others, "") | files).items():
        path = tmp_path / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(textwrap.dedent(text))
    return {"one": tmp_path}


def test_imports_are_followed_wherever_they_are_but_for_those_that_never_run(project, monkeypatch):
    module = "capsnet_study.common.executed"
    monkeypatch.setattr(f"{module}.CANNOT_AFFECT_RESULTS", ("one.running", "one.lat"))
    found = closure("one.start", project)
    names = ("beside", "inner.module", "inner.relative", "late", "loop", "otherwise", "parent")
    assert list(found) == [f"one.{name}" for name in (*names, "plain", "start", "watched")]
    assert found["one.inner.module"] == project["one"] / "inner" / "module.py"
    assert closure("one.nowhere", project) == {}


def test_a_checksum_is_that_of_what_modules_execute_and_of_libraries(tmp_path, monkeypatch):
    path = tmp_path / "a.py"
    path.write_text("x = 1\n")
    one, all_ = checksum(path), checksum_of_modules({"a": path})
    path.write_bytes('"""Wörds."""\r\nx = 1  # one\r\n'.encode())
    assert (checksum(path), checksum_of_modules({"a": path})) == (one, all_)
    assert checksum_of_modules({"b": path}) != all_
    path.write_text("x = 2\n")
    assert checksum(path) != one and checksum_of_modules({"a": path}) != all_
    path.write_text("x = 1\n")
    monkeypatch.setattr("capsnet_study.common.executed.version", lambda package: "0")
    assert checksum(path) == one and checksum_of_modules({"a": path}) != all_


def test_what_cannot_affect_results_exists():
    for name in CANNOT_AFFECT_RESULTS:
        first, *rest = name.split(".")
        path = PACKAGES[first].joinpath(*rest)
        assert path.is_dir() or path.with_suffix(".py").is_file(), name
    assert is_within("capsnet_study.running.cluster", CANNOT_AFFECT_RESULTS)
    assert not is_within("capsnet_study.runningmate", CANNOT_AFFECT_RESULTS)


def test_packages_hold_no_code_but_names_attached_lazily():
    """A closure leaves them out."""
    for path in FILES:
        code = ast.parse(executed(path.read_text("utf-8"))).body
        if path.name == "__init__.py" and path.parent.name != "stages" and code:
            loader, names = code
            assert ast.unparse(loader) == "import lazy_loader"
            assert ast.unparse(names.value.func) == "lazy_loader.attach"
            (attached,) = names.value.keywords
            assert ast.literal_eval(attached.value)


def test_no_module_imports_by_a_name_that_a_package_attaches():
    """A closure would not find the module that holds it."""
    library = PACKAGES["capsnet_study"]
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.ImportFrom) or not node.module.startswith(library.name):
                continue
            folder = library.joinpath(*node.module.split(".")[1:])
            for name in [alias.name for alias in node.names] if folder.is_dir() else []:
                module = folder / name
                assert module.is_dir() or module.with_suffix(".py").is_file(), (path, name)
