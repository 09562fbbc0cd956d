"""Train all arms of one setting: the study with other data, length, seed, width or rate."""

from __future__ import annotations

from itertools import chain, islice

import typer

from capsnet_study.common.params import check
from capsnet_study.common.storage import make_folder, read_json, write_arrays, write_table
from capsnet_study.data.digits import load_digits
from capsnet_study.models.weights import pack
from capsnet_study.settings.params import ResolvedSetting
from capsnet_study.settings.trainings import setting_trainings
from capsnet_study.training.checkpoints import resumable
from capsnet_study.training.history import arms_table, history_table
from capsnet_study.training.trials import run_trainings
from stages.digits import folder_of
from stages.recording import recorded


def main(name: str) -> None:
    """Write data/settings/NAME.csv and the networks that the setting keeps.

    All trainings of the setting are one pool of tasks.
    """
    with recorded(f"settings@{name}"), resumable(f"settings@{name}") as checkpoints:
        path = f"data/code/settings/{name}.json"
        setting = check(read_json(path), ResolvedSetting, name=path)
        source = setting.data.source
        by_arm = setting_trainings(name, setting, load_digits(source, folder_of(source)))
        found = iter(run_trainings([*chain(*by_arm.values())], checkpoints))
        trained = {arm: [*islice(found, len(trials))] for arm, trials in by_arm.items()}
        histories = {arm: history_table([one.rows for one in own]) for arm, own in trained.items()}
        folder = make_folder(f"data/setting_networks/{name}")
        for arm in setting.keep:
            for number, one in enumerate(trained[arm]):
                weights = pack(trained=one.trained)
                spec = by_arm[arm][number].spec.to_json()
                write_arrays(folder / arm / f"trial{number}.safetensors", weights, spec)
        write_table(f"data/settings/{name}.csv", arms_table(histories))


if __name__ == "__main__":
    typer.run(main)
