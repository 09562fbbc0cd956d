"""Measurements of speed and memory; nothing of the study depends on them."""

import stages  # noqa: F401 - puts the library beside this folder first on the path
