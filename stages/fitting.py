"""Gather the arms of the sweep in one table, and summarise trials and arms."""

from __future__ import annotations

from capsnet_study.common.params import load_blocks
from capsnet_study.common.storage import read_table, write_json, write_table
from capsnet_study.fitting.tables import gather_arms, summarise_trials, without_shares
from capsnet_study.training.arms import Sweep
from capsnet_study.training.history import EVALUATED, summarise_history
from stages.command import run_command
from stages.recording import recorded


def main() -> None:
    """Write plots/fitting.csv, plots/fitting_trials.csv and metrics/fitting.json."""
    with recorded("fitting"):
        (arms,) = load_blocks(sweep=Sweep)
        histories = {name: read_table(f"data/sweep/{name}.csv", *EVALUATED) for name in arms}
        table = gather_arms(histories, arms)
        write_table("plots/fitting.csv", without_shares(table))
        write_table("plots/fitting_trials.csv", summarise_trials(table))
        records = {name: summarise_history(history) for name, history in histories.items()}
        write_json("metrics/fitting.json", records)


if __name__ == "__main__":
    run_command(main)
