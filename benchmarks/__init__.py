"""Speed and memory of routing; no result of the study depends on these measurements."""

import stages  # noqa: F401 - puts the library beside this folder first on the path
