"""How settings were chosen, and what the study costs: commands for people, no stages."""

import stages  # noqa: F401 - puts the library beside this folder first on the path
