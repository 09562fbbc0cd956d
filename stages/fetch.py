"""Have the digits of the study and of its settings here, one source after the other.

Not a stage of the pipeline: `make study` begins with it. Stages that run side by side would else
download into one folder at once. What cannot be had is told, and left to the stages that need it.
"""

from __future__ import annotations

import typer

from capsnet_study.data.digits import DataFileError
from capsnet_study.params import load_params
from stages.digits import folder_of


def main() -> None:
    """Download what is not here."""
    params = load_params()
    settings = (setting.data.get("source") for setting in params.settings.values())
    for source in dict.fromkeys([params.data.source, *filter(None, settings)]):
        try:
            folder_of(source)
        except DataFileError as error:
            print(error)


if __name__ == "__main__":
    typer.run(main)
