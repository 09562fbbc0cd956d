"""Train one arm in one world: the study with other digits, length, width or rate."""

from __future__ import annotations

from typing import Annotated

import typer

from capsnet_study.common.errors import ParameterError
from capsnet_study.common.params import load_blocks
from capsnet_study.common.storage import write_table
from capsnet_study.data.digits import load_digits
from capsnet_study.data.params import DataParams
from capsnet_study.models.params import CapsuleParams, ModelParams
from capsnet_study.training.arms import BLOCKS, Block
from capsnet_study.training.checkpoints import resumable
from capsnet_study.training.history import history_table
from capsnet_study.training.params import TrainParams
from capsnet_study.training.trials import run_trainings
from capsnet_study.worlds.params import Setting, WorldParams
from capsnet_study.worlds.trainings import world_trainings
from stages import run_command
from stages.digits import folder_of
from stages.recording import recorded


def main(world: str, arm: str, block: Annotated[Block, typer.Argument()] = "sweep") -> None:
    """Write data/worlds/WORLD-ARM.csv, one row a trial and evaluation."""
    stage = f"{'world' if block == 'sweep' else f'world_{block}'}@{world}-{arm}"
    with recorded(stage), resumable(stage) as checkpoints:
        *blocks, worlds, arms = load_blocks(
            data=DataParams,
            model=ModelParams,
            capsules=CapsuleParams,
            train=TrainParams,
            worlds=WorldParams,
            **{block: BLOCKS[block]},
        )
        for name, kind, known in (
            (world, "world", worlds.settings),
            (arm, f"arm of {block}", arms),
        ):
            if name not in known:
                raise ParameterError(f"no {kind} {name!r}; there are {', '.join(known)}")
        setting = worlds.settings[world].setting(Setting(*blocks))
        digits = load_digits(setting.data.source, folder_of(setting.data.source))
        own = worlds.settings[world].own_images
        trainings = world_trainings(
            f"{world} {arm}", arms[arm], setting, digits, worlds.trials, own
        )
        found = run_trainings(trainings, checkpoints)
        history = history_table([trained.rows for trained in found])
        write_table(f"data/worlds/{world}-{arm}.csv", history)


if __name__ == "__main__":
    run_command(main)
