"""Change the couplings of the trained networks of one arm of the sweep, without training."""

from __future__ import annotations

from capsnet_study.common.devices import deterministic
from capsnet_study.common.params import ParameterError, load_blocks
from capsnet_study.common.storage import read_arrays, write_table
from capsnet_study.common.workers import parallel_map
from capsnet_study.interventions.measure import intervene, intervention_table
from capsnet_study.interventions.params import InterventionParams
from capsnet_study.models.spec import NetworkSpec
from capsnet_study.training.trials import IMAGE_ARRAYS, image_sets
from stages.command import run_command
from stages.networks import read_trials
from stages.recording import recorded


def main(arm: str) -> None:
    """Write data/interventions/ARM.csv: one row a trial, layer and change."""
    with recorded(f"interventions@{arm}"), deterministic():
        (params,) = load_blocks(interventions=InterventionParams)
        networks = read_trials(f"data/networks/{arm}")
        _check(arm, [spec for spec, _ in networks])
        images = image_sets(read_arrays("data/multimnist.safetensors", *IMAGE_ARRAYS))
        tasks = [(*network, *images, params) for network in networks]
        table = intervention_table(arm, parallel_map(intervene, tasks))
        write_table(f"data/interventions/{arm}.csv", table)


def _check(arm: str, specs: list[NetworkSpec]) -> None:
    """Refuse an arm without networks, or whose networks are not routed by agreement."""
    where = f"interventions.arms: {arm!r}"
    if not specs:
        raise ParameterError(f"{where}: there is no trained network in data/networks/{arm}")
    for spec in specs:
        if spec.routing is None:
            raise ParameterError(f"{where}: a {spec.kind} has no couplings to change")
        if spec.routing.algorithm != "dynamic":
            raise ParameterError(
                f"{where}: algorithm = {spec.routing.algorithm!r}: 'dynamic' is needed"
            )


if __name__ == "__main__":
    run_command(main)
