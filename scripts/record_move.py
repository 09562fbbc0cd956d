"""Compare the pipeline with its earlier graph: do both compute the same, bit by bit?

    python -m scripts.record_move shrink FOLDER       # makes the parameters of either version tiny
    python -m scripts.record_move compare OLD NEW     # after a run of each, on one machine

Every arm and every option stays. By design, the column `half_credit` is gone, the networks of the
uniform CapsNet and of the CNN in the part on representation are those of the sweep, files of
networks hold no initial weights, a setting has one table, and so have the maps of each model.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import typer
import yaml
from safetensors.numpy import load_file

from capsnet_study.names import MAIN_MODELS
from capsnet_study.representation.params import MODELS

app = typer.Typer()


@app.command()
def shrink(folder: Path) -> None:
    """Make the parameters of a checkout tiny; its arms and options stay."""
    params = yaml.safe_load((folder / "params.yaml").read_text())
    params["data"] |= {"train_images": 480, "test_images": 96}
    params["model"] |= {"conv_channels": 8, "primary_groups": 1}
    params["train"] |= {"trials": 2, "epochs": 2, "evaluations": 3}
    params["manifold"] |= {"pairs": ["7-8", "3-5"], "other_perplexities": [10.0]}
    params["manifold"] |= {"tsne_seeds": 2, "null_draws": 50}
    params["transfer"] |= {"splits": 1, "epochs": 1}
    params["interventions"] |= {"n_test": [1, 3], "temperatures": [2.0]}
    for block in ("sweep", "mechanism", "ablations", "yoked"):
        for arm in params.get(block, {}).values():
            arm |= {"trials": 2} if "trials" in arm else {}
    if "worlds" in params:
        params["worlds"]["trials"] = 2
        settings = params["worlds"]["settings"]
    else:
        settings = params["settings"]
        for setting in settings.values():
            setting["trials"] = 2
    settings["fresh"]["data"] = {"train_images": 960}
    settings["wide"]["model"] = {"conv_channels": 16, "primary_groups": 2}
    settings["short"]["train"], settings["long"]["train"] = {"epochs": 1}, {"epochs": 3}
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))


@app.command()
def compare(old: Path, new: Path) -> None:
    """Compare two checkouts that have run; end with 1 if anything differs."""
    found = {name: same(one, other) for name, one, other in pairs(old, new)}
    print(f"{sum(found.values())} of {len(found)} are the same")
    if differ := [name for name, equal in found.items() if not equal]:
        print(*differ, sep="\n")
        raise typer.Exit(1)


def pairs(old: Path, new: Path) -> Iterator[tuple[str, object, object]]:
    """Yield what must be the same: its name, and both values."""
    yield from tables(old, new)
    yield from maps(old, new)
    yield from networks(old, new)


def tables(old: Path, new: Path) -> Iterator[tuple[str, object, object]]:
    for block, before in (("sweep", "sweep"), ("ablations", "mechanism"), ("yoked", "yoked")):
        for path in sorted((new / "data" / block).glob("*.csv")):
            yield str(path), path.read_bytes(), (old / "data" / before / path.name).read_bytes()
    for path in sorted((new / "data/interventions").glob("*.csv")):
        whole = table(old / "data/interventions" / path.name)
        yield str(path), table(path), whole.drop(columns="half_credit")
    for path in sorted((new / "data/settings").glob("*.csv")):
        for arm, rows in table(path).groupby("arm", sort=False):
            before = table(old / f"data/worlds/{path.stem}-{arm}.csv")
            yield f"{path} {arm}", rows.reset_index(drop=True)[before.columns], before
    for model in MAIN_MODELS:
        name = f"plots/transfer_{model}.csv"
        yield name, (new / name).read_bytes(), (old / name).read_bytes()
    name = "plots/manifold.csv"  # SciPy's rank correlations end in another digit, the sixteenth
    yield name, table(new / name).round(14), table(old / name).round(14)


def maps(old: Path, new: Path) -> Iterator[tuple[str, object, object]]:
    drawn = table(old / "plots/manifold_maps.csv")
    for model in MODELS:
        name = f"data/embeddings/{model}.safetensors"
        yield name, load_file(new / name)["maps"], load_file(old / name)["maps"]
        before = drawn[drawn["model"] == model].drop(columns="model").reset_index(drop=True)
        path = new / f"data/faithfulness/{model}/maps.csv"
        yield str(path), table(path), before
    for path in sorted((new / "data/activations").glob("*.safetensors")):
        yield str(path), load_file(path), load_file(old / "data/activations" / path.name)


def networks(old: Path, new: Path) -> Iterator[tuple[str, object, object]]:
    for folder in ("networks", "pretrained"):
        for path in sorted((new / "data" / folder).glob("*/*.safetensors")):
            yield str(path), load_file(path), trained(old / path.relative_to(new))
    main = {"capsnet": "models/capsnet", "uniform": "networks/n1", "cnn": "networks/cnn"}
    for model, folder in main.items():
        for path in sorted((new / "data" / folder).glob("*.safetensors")):
            before = trained(old / "data/models" / model / path.name)
            yield f"{path} as {model}", load_file(path), before


def table(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, keep_default_na=False, na_values=[""])


def trained(path: Path) -> dict[str, np.ndarray]:
    prefix = "trained/"
    arrays = load_file(path).items()
    return {name.removeprefix(prefix): value for name, value in arrays if name.startswith(prefix)}


def same(one: object, other: object) -> bool:
    if isinstance(one, pd.DataFrame):
        return list(one) == list(other) and all(
            one[name].astype(other[name].dtype).equals(other[name]) for name in one
        )
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and one.tobytes() == other.tobytes()
    return one == other


if __name__ == "__main__":
    app()
