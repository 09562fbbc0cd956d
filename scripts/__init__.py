"""How hyper-parameters were chosen, and what earlier runs found: commands, not stages."""

import stages  # noqa: F401 - puts the library beside this folder first on the path
