"""Have the digits of the study and of its worlds here, one source after the other.

Not a stage of the pipeline: `make study` begins with it. Stages that run side by side would else
each download the same. What cannot be had is told, and left to the stages that need it.
"""

from __future__ import annotations

from capsnet_study.common.errors import FileError
from capsnet_study.params import load_params
from stages import run_command
from stages.digits import folder_of


def main() -> None:
    """Download what is not here."""
    params = load_params()
    worlds = (world.data.get("source") for world in params.worlds.settings.values())
    for source in dict.fromkeys([params.data.source, *filter(None, worlds)]):
        try:
            folder_of(source)
        except FileError as error:
            print(error)


if __name__ == "__main__":
    run_command(main)
