"""Tables of made-up runs, and every figure drawn of them."""

from itertools import combinations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from capsnet_study import figures
from capsnet_study.figures.schemes import scheme_positions
from capsnet_study.figures.style import MODEL_LOOKS
from capsnet_study.names import CHAMFER, FAITHFULNESS
from capsnet_study.params import ModelParams

STEPS = (0, 4, 16, 64, 256)
CAPSNET_ARMS = {
    **{f"n{n}": (n, 1.0, np.nan, "full") for n in (1, 2, 3, 5, 7, 9)},
    **{f"n6_{i}": (6, eta, np.nan, "full") for i, eta in enumerate((0.01, 0.1, 0.5, 1.0))},
    "n6_fitness": (6, 0.01, 1.0, "full"),
    "n3_last": (3, 1.0, np.nan, "last"),
    "n7_last": (7, 1.0, np.nan, "last"),
}
ARMS = {
    **{name: ("capsnet", *routing) for name, routing in CAPSNET_ARMS.items()},
    "cnn": ("cnn", np.nan, np.nan, np.nan, np.nan),
    "cnn160": ("cnn160", np.nan, np.nan, np.nan, np.nan),
}
MAIN_MODELS = ("capsnet", "uniform", "cnn")
LABELS = ["reproduced", "contradicted", "inconclusive", "not evaluated"]


def texts(axes: Axes) -> str:
    return " | ".join(text.get_text() for text in axes.texts)


def fitting(trials: int = 3, arms: tuple[str, ...] = tuple(ARMS)) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = []
    for arm in arms:
        model, n_iter, eta, eta_max, gradient = ARMS[arm]
        for trial in range(trials):
            for progress, step in enumerate(STEPS):
                share = 1 - 0.1 * progress * eta if model == "capsnet" else np.nan
                rows.append({
                    "arm": arm, "model": model, "n_iter": n_iter, "eta": eta,
                    "eta_max": eta_max, "gradient": gradient, "init_gain": np.nan,
                    "trial": trial, "step": step,
                    "exact_match": 0.02 + 0.2 * progress + rng.uniform(0, 0.02),
                    "entropy_r1": share * np.log(10), "entropy_share_r1": share,
                })  # fmt: skip
    return pd.DataFrame(rows)


def fitting_trials(trials: int = 3) -> pd.DataFrame:
    """A row an arm and trial; the entropies of many arms are close to one another."""
    rng = np.random.default_rng(0)
    rows = [{"arm": arm, "trial": trial} for arm in ARMS for trial in range(trials)]
    table = pd.DataFrame(rows).assign(exact_match=rng.uniform(0.65, 0.7, len(rows)))
    table["entropy_at_tenth"] = 2.3 - 0.3 * rng.random(len(rows)) ** 4
    table.loc[table["arm"].str.startswith("cnn"), "entropy_at_tenth"] = np.nan
    return table


def manifold(trials: int = 2) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    index = [
        {"model": model, "trial": trial, "pair": pair}
        for model in MODEL_LOOKS
        for trial in range(1 if model in ("pixels", "pca") else trials)
        for pair in ("7-8", "3-5", "0-1")
    ]
    measures = [*CHAMFER, *FAITHFULNESS]
    return pd.DataFrame(index).join(pd.DataFrame(rng.random((len(index), 8)), columns=measures))


def transfer(splits: int = 2, models: tuple[str, ...] = MAIN_MODELS) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = [
        {"model": model, "split": split, "direction": direction, "scheme": scheme}
        for model in models
        for split in range(splits)
        for direction in ("AB", "BA")
        for scheme in scheme_positions()
    ]
    return pd.DataFrame(rows).assign(exact_match=rng.uniform(0.5, 0.9, len(rows)))


def nulls() -> dict:
    kinds = ("noise", "shuffled", "rotated_30", "perfect")
    band = {kind: {"mean": 0.3, "low": 0.25, "high": 0.35} for kind in kinds}
    return {"chamfer_zscore": band, "procrustes_disparity": band}


def claims() -> dict:
    part = {"label": "exact_match: n6_0 − n7_last", "n": 5, "mean": -0.02, "low": -0.03,
            "high": -0.01, "expected": "below 0", "outcome": "reproduced"}  # fmt: skip
    missing = part | {"mean": None, "low": None, "high": None, "n": 0, "outcome": "not evaluated"}
    label = "Spearman(entropy_at_tenth, exact_match): capsule_arms (one-sided p = 0.9600)"
    correlation = part | {"label": label, "low": None, "high": None, "outcome": "contradicted",
                          "expected": "above 0, p < 0.05"}  # fmt: skip
    within = part | {"expected": "within 0.01", "outcome": "inconclusive"}
    by_name = {"C1": within, "C2": part, "C7": correlation, "C8": missing}
    return {name: {"verdict": p["outcome"], "parts": [p]} for name, p in by_name.items()}


def offsets() -> np.ndarray:
    return np.array([(dr, dc) for dr in range(-4, 5) for dc in range(-4, 5)])


def maps() -> pd.DataFrame:
    grid = pd.DataFrame(offsets(), columns=["dr", "dc"])
    grid = grid.assign(x=grid["dr"] * 1.0, y=grid["dc"] * 1.0)
    parts = [grid.assign(model=m, pair=p) for m in ("capsnet", "cnn") for p in ("7-8", "3-5")]
    return pd.concat(parts, ignore_index=True)


def images(n: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (n, 36, 36), dtype=np.uint8)


def architectures():
    sizes = ModelParams(32, 4, 8, 10, 16)
    labels = np.array([[7, 8], [3, 5], [0, 1]])
    return figures.figure_architectures(
        figures.capsnet_layers(sizes), figures.cnn_layers(sizes), images(3), labels
    )


def schemes():
    pairs = list(combinations(range(10), 2))
    return figures.figure_schemes(pairs[:22], pairs[22:])


FIGURES = {
    "architectures": architectures,
    "accuracy": lambda: figures.figure_accuracy(fitting()),
    "entropy": lambda: figures.figure_entropy(fitting()),
    "controls": lambda: figures.figure_controls(fitting()),
    "shifts": lambda: figures.figure_shifts({"7-8": images(81), "3-5": images(81)}, offsets()),
    "maps": lambda: figures.figure_maps(maps(), ["7-8", "3-5"], ["capsnet", "cnn"]),
    "schemes": schemes,
    "transfer": lambda: figures.figure_transfer(transfer()),
    "faithfulness": lambda: figures.figure_faithfulness(manifold(), nulls()),
    "claims": lambda: figures.figure_claims(claims(), fitting()),
    "early_certainty": lambda: figures.figure_early_certainty(fitting_trials(), fitting()),
}
