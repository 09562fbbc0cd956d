"""The examples in docstrings hold."""

import doctest
import importlib
import re

import pytest

from tests.project import ROOT

MODULES = [
    ".".join(path.relative_to(folder).with_suffix("").parts)
    for folder, part in ((ROOT / "src", "capsnet_study"), (ROOT, "scripts"))
    for path in sorted((folder / part).rglob("*.py"))
    if re.search(r"^ +>>> ", path.read_text(encoding="utf-8"), re.MULTILINE)
]


@pytest.mark.parametrize("module", MODULES)
def test_examples_in_docstrings(module: str) -> None:
    tried = doctest.testmod(importlib.import_module(module))
    assert tried.attempted and not tried.failed
