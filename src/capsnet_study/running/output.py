"""What a stage leaves beside its outs: a record of its cost, and all that it has printed."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

RECORDS = "metrics/runtime"
TAIL = 8192  # bytes from the end of a log that are looked at
# A line of a trial: "n3 trial 0: 120/1932 [00:20 < 04:10, 31.2step/s] , epoch 0.06, loss 4.613"
TRIAL = re.compile(r"^(.+): (\d+)/(\d+) \[([\d:]+) < ([\d:?]+), ([^\]]*)\][ ,]*(.*)$", re.MULTILINE)
# What DVC says when another DVC runs a stage on the same files, or writes down which ones it uses.
LOCKED = ("it is being blocked by:", "Unable to acquire lock")


@dataclass(frozen=True)
class Trial:
    """How far a trial is."""

    name: str
    step: int
    steps: int
    left: str
    measures: str


def record_path(stage: str, folder: str | Path = RECORDS) -> Path:
    """Return where a stage tells what it cost and where it ran."""
    return Path(folder, f"{stage.replace('@', '_')}.json")


def log_path(stage: str, folder: str | Path = ".dvc/tmp/run") -> Path:
    """Return where the output of a stage goes."""
    return Path(folder, f"{stage.replace(os.sep, '_')}.log")


def tail(path: Path, lines: int | None = None) -> str:
    """Return the end of a file, all of it or some lines."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL))
            text = file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
    kept = [line for line in text.splitlines() if line.strip()]
    return "\n".join(kept if lines is None else kept[-lines:])


def last_trial(text: str) -> Trial | None:
    """Return what the last line of a trial says.

    Examples
    --------
    >>> last_trial("n3 trial 0: 12/48 [00:20 < 01:00, 0.6step/s] , epoch 0.25, loss 4.613")
    Trial(name='n3 trial 0', step=12, steps=48, left='01:00', measures='epoch 0.25, loss 4.613')
    """
    found = TRIAL.findall(text)
    if not found:
        return None
    name, step, steps, _, left, _, measures = found[-1]
    return Trial(name, int(step), int(steps), left, measures)
