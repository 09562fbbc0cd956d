"""Where a training stands, kept on disk while it runs: what is killed goes on where it stood."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from capsnet_study.common.devices import device
from capsnet_study.common.errors import FileError
from capsnet_study.common.executed import (
    CANNOT_AFFECT_RESULTS,
    checksum_of_modules,
    is_within,
)
from capsnet_study.common.storage import read_arrays, read_facts, write_arrays
from capsnet_study.models.network import Network
from capsnet_study.routing.path import routing_path

Row = dict[str, int | float]


@dataclass
class Progress:
    """Where a training stands before a step: with weights, Adam and generator, all of it.

    Attributes
    ----------
    step, samples
        Steps taken, and examples seen in them.
    loss
        That of the last batch.
    losses
        Those of all batches since the last evaluation.
    fitness
        Moving average of the exact match on training batches (0 .. 1).
    rows
        The evaluations so far.
    order
        The examples in the order of the current epoch.
    """

    step: int = 0
    samples: int = 0
    loss: float = math.nan
    losses: list[float] = field(default_factory=list)
    fitness: float = 0.0
    rows: list[Row] = field(default_factory=list)
    order: Int[Tensor, " examples"] = field(
        default_factory=lambda: torch.empty(0, dtype=torch.long)
    )


@dataclass(frozen=True)
class Checkpoint:
    """The file that holds one training while it runs.

    Attributes
    ----------
    path
        As `Checkpoints.of` gives it.
    seconds
        Time between two writings; evaluations are written as well.
    """

    path: Path
    seconds: float = 30.0

    def save(
        self,
        progress: Progress,
        network: Network,
        optimizer: torch.optim.Optimizer,
        generator: torch.Generator,
    ) -> None:
        """Write the whole state; a kill in the middle of it leaves the one before.

        A machine that does not share the project's folder, as a worker of a cluster, keeps nothing.
        """
        if not self.path.parent.is_dir():
            return
        arrays = {
            "order": progress.order.numpy(),
            "losses": np.asarray(progress.losses, float),
            "generator": generator.get_state().numpy(),
        }
        tensors = {f"network/{name}": value for name, value in network.state_dict().items()}
        for index, moments in optimizer.state_dict()["state"].items():
            tensors |= {f"adam/{index}/{name}": value for name, value in moments.items()}
        arrays |= {name: value.detach().cpu().numpy() for name, value in tensors.items()}
        facts = {name: getattr(progress, name) for name in ("step", "samples", "loss", "fitness")}
        rows = [list(row.items()) for row in progress.rows]  # pairs: their order is kept
        write_arrays(self.path, arrays, facts | {"rows": rows})

    def restore(
        self, network: Network, optimizer: torch.optim.Optimizer, generator: torch.Generator
    ) -> Progress:
        """Put the saved state in place and return how far it was; a fresh start without a file.

        Raises
        ------
        FileError
            The file is not what `save` writes; it names the file.
        """
        if not self.path.exists():
            return Progress()
        try:
            return self._restore(network, optimizer, generator)
        except Exception as error:
            reason = " ".join(str(error).split())
            raise FileError(f"{self.path}: no checkpoint ({reason}); delete it") from error

    def _restore(
        self, network: Network, optimizer: torch.optim.Optimizer, generator: torch.Generator
    ) -> Progress:
        arrays, facts = read_arrays(self.path), read_facts(self.path)
        network.load_state_dict(_under("network/", arrays))
        for name, value in _under("adam/", arrays).items():
            index, moment = name.split("/")
            weight = optimizer.param_groups[0]["params"][int(index)]
            # Adam's fused step takes a moment to lie where, and in memory as, its weight does.
            optimizer.state[weight][moment] = (
                value.reshape(()).to(weight.device)
                if moment == "step"
                else torch.empty_like(weight).copy_(value)
            )
        generator.set_state(torch.from_numpy(arrays["generator"]))
        rows = [dict(pairs) for pairs in facts.pop("rows")]
        order = torch.from_numpy(arrays["order"])
        return Progress(**facts, losses=arrays["losses"].tolist(), rows=rows, order=order)


@dataclass(frozen=True)
class Checkpoints:
    """The folder that holds the trainings of one stage while they run."""

    folder: Path
    code: str

    def of(self, name: str, *shapes: object) -> Checkpoint:
        """Return the checkpoint of one training.

        Its name carries a hash of `shapes`, plain values that hold all that shapes the training,
        and of the code: no training takes another one's checkpoint for its own.
        """
        text = json.dumps([self.code, *shapes], sort_keys=True)
        key = hashlib.sha256(text.encode()).hexdigest()[:16]
        return Checkpoint(self.folder / f"{name}-{key}.safetensors")


@contextmanager
def resumable(stage: str) -> Iterator[Checkpoints]:
    """Keep the trainings of a stage in ``data/checkpoints/<stage>`` until it has ended well."""
    folder = Path("data/checkpoints", stage).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    path = routing_path(device(), torch.float32)
    yield Checkpoints(folder, f"{checksum_of_code()} {device().type} {path}")
    shutil.rmtree(folder, ignore_errors=True)


def checksum_of_code() -> str:
    """Return a hash of what the loaded modules of this package execute, and of its libraries."""
    loaded = {
        name: Path(module.__file__)
        for name, module in sys.modules.items()
        if is_within(name, ["capsnet_study"]) and not is_within(name, CANNOT_AFFECT_RESULTS)
    }
    return checksum_of_modules(loaded)


def checksum(arrays: Iterable[np.ndarray]) -> str:
    """Return the sha256 of the contents of arrays."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype} {array.shape}".encode() + array.tobytes())
    return digest.hexdigest()


def _under(prefix: str, arrays: Mapping[str, np.ndarray]) -> dict[str, Tensor]:
    return {
        name.removeprefix(prefix): torch.from_numpy(value)
        for name, value in arrays.items()
        if name.startswith(prefix)
    }
