"""Tests of what only a GPU can show; routing is plain PyTorch there."""

from __future__ import annotations

import os

import pytest
import torch

# Without it, PyTorch refuses cuBLAS under `use_deterministic_algorithms`; read when CUDA starts.
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")

NEEDS_CUDA = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
]


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> torch.device:
    """The device of this test; the one of every trial in it, too."""
    monkeypatch.setenv("CAPS_DEVICE", "cuda")
    return torch.device("cuda")
