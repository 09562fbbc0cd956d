"""Train all arms of one setting: the study with other data, length, seed, width or rate."""

from __future__ import annotations

from itertools import chain, islice
from pathlib import Path

from capsnet_study.common.params import check
from capsnet_study.common.storage import read_json, write_table
from capsnet_study.data.digits import load_digits
from capsnet_study.settings.params import ResolvedSetting
from capsnet_study.settings.trainings import setting_trainings
from capsnet_study.training.checkpoints import resumable
from capsnet_study.training.history import arms_table, history_table
from capsnet_study.training.trials import run_trainings
from stages.command import run_command
from stages.digits import folder_of
from stages.networks import write_trials
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
        folder = Path("data/setting_networks", name)  # DVC expects it, with or without networks
        folder.mkdir(parents=True, exist_ok=True)
        for arm in setting.keep:
            weights = [one.weights for one in trained[arm]]
            write_trials(folder / arm, by_arm[arm][0].spec, weights)
        write_table(f"data/settings/{name}.csv", arms_table(histories))


if __name__ == "__main__":
    run_command(main)
