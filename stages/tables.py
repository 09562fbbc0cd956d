"""Tables of several models in one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import pandas as pd

from capsnet_study.common.storage import read_table
from capsnet_study.names import MAIN_MODELS
from capsnet_study.representation.params import MODELS

REPRESENTATIONS = (*MODELS, "cnn_decay")


def read_faithfulness(name: Literal["measures", "sensitivity", "maps"]) -> pd.DataFrame:
    """Return a table of data/faithfulness of all models, with the column ``model`` first."""
    tables = {
        model: read_table(f"data/faithfulness/{model}/{name}.csv") for model in REPRESENTATIONS
    }
    return pd.concat(tables, names=["model", None]).reset_index("model").reset_index(drop=True)


def read_transfer() -> pd.DataFrame:
    """Return what all models reached in transfer."""
    tables = [read_table(f"plots/transfer_{model}.csv") for model in MAIN_MODELS]
    return pd.concat(tables, ignore_index=True)


def read_new_splits(models: Iterable[str]) -> pd.DataFrame:
    """Return what models reached in transfer on new splits."""
    return pd.concat([read_table(f"data/new_splits/{model}.csv") for model in models])
