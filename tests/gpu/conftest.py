"""Where the tests of this folder run: on the CPU, and (marked `gpu`) on CUDA where there is one.

On both, routing is plain PyTorch, so that the CPU tries the code that a GPU would run.
"""

from __future__ import annotations

import os

import pytest
import torch

# Without it, PyTorch refuses cuBLAS under `use_deterministic_algorithms`; read when CUDA starts.
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")

NO_CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
CUDA = pytest.param("cuda", marks=[pytest.mark.gpu, NO_CUDA])


@pytest.fixture(params=["cpu", CUDA])
def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> torch.device:
    """The device of this test; the one of every trial in it, too."""
    monkeypatch.setenv("CAPS_DEVICE", request.param)
    monkeypatch.setenv("CAPS_ROUTING", "plain")
    return torch.device(request.param)
