"""Check all parameters, and write down what each stage executes.

Every other stage depends on its own file in data/code instead of on sources. So a wrong parameter
stops a run before anything is touched, and a change of code makes those stages run again that
execute it.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from capsnet_study.common.executed import checksum, closure
from capsnet_study.common.storage import read_yaml, write_json
from capsnet_study.params import load_params
from capsnet_study.settings.params import to_json
from stages.command import run_command

FOLDER = Path("data/code")
PACKAGES = {"stages": Path("stages"), "capsnet_study": Path("src/capsnet_study")}


def main() -> None:
    """Write data/code: SCRIPT.json by script of `stages`, settings/NAME.json by setting."""
    params = load_params()
    shutil.rmtree(FOLDER, ignore_errors=True)
    for script in scripts():
        modules = closure(f"stages.{script}", PACKAGES)
        executed = {name: checksum(path) for name, path in modules.items()}
        write_json(FOLDER / f"{script}.json", executed)
    for name in params.settings:
        write_json(FOLDER / "settings" / f"{name}.json", to_json(params.resolved(name)))


def scripts() -> list[str]:
    """Return the scripts of `stages` that dvc.yaml runs, but for this one."""
    stages = read_yaml("dvc.yaml")["stages"].values()
    commands = (stage.get("do", stage)["cmd"] for stage in stages)
    names = {command.split()[2].removeprefix("stages.") for command in commands}
    return sorted(names - {"code"})


if __name__ == "__main__":
    run_command(main)
