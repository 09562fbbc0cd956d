"""Parameters of transfer: the block ``transfer``."""

from __future__ import annotations

from pydantic.dataclasses import dataclass

from capsnet_study.common.params import STRICT, Count


@dataclass(frozen=True, config=STRICT)
class TransferParams:
    """Domain splits and the re-training budget (paper 3.3)."""

    splits: Count
    epochs: Count
