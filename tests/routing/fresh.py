"""Python of its own for code that must not share this one's state (nor the checks of shapes)."""

import os
import subprocess
import sys
from textwrap import dedent


def start(code: str, **variables: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", dedent(code)],
        env=os.environ | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def output_of(process: subprocess.Popen) -> str:
    """Wait for the end and return what was printed."""
    try:
        out, errors = process.communicate(timeout=300)
    finally:
        process.kill()  # none outlives a test that fails
    assert process.returncode == 0, errors
    return out.strip()
