"""Gather the headline numbers, which `dvc metrics diff` and `dvc exp show` compare."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from capsnet_study.common.storage import read_json, write_json
from stages.command import run_command
from stages.recording import recorded

Record = Mapping[str, Any]

TRANSFERRED = ("capsnet", "uniform", "cnn")
ARMS = ("n1", "n9", "cnn")
COMPARED = ("capsnet", "cnn")
PAPER = ("reproduced", "contradicted", "inconclusive")
OURS = ("supported", "not supported", "inconclusive")


def main() -> None:
    """Write metrics/summary.json; differences and drops are in exact match."""
    with recorded("summary"):
        main_capsnet = read_json("metrics/train_capsnet.json")
        arms = read_json("metrics/fitting.json")
        maps = read_json("metrics/manifold.json")["models"]
        transfer = {name: read_json(f"metrics/transfer_{name}.json") for name in TRANSFERRED}
        claims = read_json("metrics/claims.json").values()
        shown = {"capsnet": main_capsnet} | {name: arms[name] for name in ARMS if name in arms}
        match = {name: record["exact_match"]["mean"] for name, record in shown.items()}
        summary = {
            "exact_match": match,
            "routing_gain": match["capsnet"] - match["n1"],
            "entropy_share": {
                layer: main_capsnet[f"entropy_share_{layer}"]["mean"] for layer in ("r1", "r2")
            },
            "chamfer": {name: maps[name]["chamfer_procrustes"]["mean"] for name in COMPARED},
            "disparity": {name: maps[name]["procrustes_disparity"]["mean"] for name in COMPARED},
            "transfer_drop": {name: drops(schemes) for name, schemes in transfer.items()},
            "claims": verdicts(claims),
        }
        write_json("metrics/summary.json", summary)


def drops(schemes: Record) -> dict[str, float]:
    """Return by how much kept layers of the other domain end below training from scratch."""
    base = schemes["base"]["mean"]
    return {name: base - schemes[name]["mean"] for name in ("A1B", "A2B")}


def verdicts(claims: Any) -> dict[str, dict[str, int]]:
    """Return how many of the paper's claims, and of our hypotheses, have each verdict."""
    paper = Counter(
        one["verdict"] for one in claims if one["kind"] == "paper" and not one["control"]
    )
    ours = Counter(one["verdict"] for one in claims if one["kind"] != "paper")
    return {
        "paper": {verdict: paper[verdict] for verdict in PAPER},
        "ours": {verdict.replace(" ", "_"): ours[verdict] for verdict in OURS},
    }


if __name__ == "__main__":
    run_command(main)
