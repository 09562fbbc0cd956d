"""What bfloat16 convolutions do to accuracy and entropy, on validation digits.

    python -m scripts.precision         # writes scripts/precision.csv

Every network is trained twice from each of several seeds, on 12,000 images for two epochs: with
convolutions that multiply in float32 and in bfloat16. A change counts if it is beyond what another
seed does: mean and s.d. of the paired differences are printed beside the spread over seeds.
"""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from capsnet_study.common.storage import write_table
from capsnet_study.common.workers import run_side_by_side
from capsnet_study.models.spec import NetworkSpec
from capsnet_study.params import Params, load_params
from capsnet_study.training.trials import ImageSet
from scripts.validation import learning_and_validation, reached
from stages import run_command

SEEDS = 5
MEASURES = ["exact_match", "entropy_share_r1", "entropy_share_r2"]


def try_precision(
    kind: str, precision: str, trial: int, params: Params, learn: ImageSet, validate: ImageSet
) -> dict[str, object]:
    """Train once and return what was reached."""
    model = replace(params.model, conv_precision=precision)
    routed = {"capsules": params.capsules, "routing": params.routing} if kind == "capsnet" else {}
    train = replace(params.train, epochs=2)
    spec = NetworkSpec(kind, model, **routed)
    last = reached(spec, train, trial, learn, validate)
    facts = {"kind": kind, "precision": precision, "trial": trial}
    return facts | {name: last.get(name) for name in MEASURES}


def differences(table: pd.DataFrame) -> pd.DataFrame:
    """Return for each kind and measure: spread over seeds, and bfloat16 minus float32 by seed."""
    rows = []
    for kind, part in table.groupby("kind"):
        for name in MEASURES:
            wide = part.pivot(index="trial", columns="precision", values=name).astype(float)
            change = wide["bfloat16"] - wide["float32"]
            if change.isna().all():
                continue
            rows.append(
                {
                    "kind": kind,
                    "measure": name,
                    "float32": wide["float32"].mean(),
                    "bfloat16": wide["bfloat16"].mean(),
                    "sd_over_seeds": wide["float32"].std(),
                    "difference": change.mean(),
                    "sd_of_difference": change.std(),
                }
            )
    return pd.DataFrame(rows)


def main() -> None:
    """Run the comparison, write its trials, and print the differences."""
    params = load_params()
    sets = learning_and_validation(params)
    tasks = [
        (kind, precision, trial, params, *sets)
        for trial in range(SEEDS)
        for kind in ("capsnet", "cnn")
        for precision in ("float32", "bfloat16")
    ]
    table = pd.DataFrame(run_side_by_side(try_precision, tasks))
    write_table("scripts/precision.csv", table)
    print(differences(table).to_string(index=False))


if __name__ == "__main__":
    run_command(main)
