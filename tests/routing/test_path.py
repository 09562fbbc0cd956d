"""Which implementation routes."""

import pytest
import torch

from capsnet_study.routing import layer as module
from capsnet_study.routing.layer import CapsuleLayer
from tests.routing.fresh import output_of, start


@pytest.fixture
def taken(monkeypatch):
    """Note which implementation a layer really calls."""
    monkeypatch.delenv("CAPS_ROUTING", raising=False)
    calls = []
    for name, path in (("fused_route", "fused"), ("route", "plain")):
        original = getattr(module, name)
        monkeypatch.setattr(
            module, name, lambda *args, f=original, p=path: calls.append(p) or f(*args)
        )
    return calls


def run_layer(device: str, dtype: torch.dtype) -> torch.Tensor:
    made = {"device": device, "dtype": dtype}
    v, _ = CapsuleLayer(5, 4, 3, 6, 3, 0.5, **made)(torch.ones(2, 5, 4, **made))
    return v


WITHOUT_KERNELS = [("cpu", torch.float16), ("cpu", torch.bfloat16), ("meta", torch.float32)]
PATHS = [("cpu", torch.float32, "fused"), ("cpu", torch.float64, "fused")]
PATHS += [(*kind, "plain") for kind in WITHOUT_KERNELS]


@pytest.mark.parametrize("device, dtype, path", PATHS)
def test_only_single_and_double_precision_on_the_cpu_are_fused(taken, device, dtype, path):
    v = run_layer(device, dtype)
    assert taken == [path] and (v.device.type, v.dtype) == (device, dtype)


@pytest.mark.parametrize("path", ["fused", "plain"])
def test_the_environment_may_choose_either_path(taken, monkeypatch, path):
    monkeypatch.setenv("CAPS_ROUTING", path)
    run_layer("cpu", torch.float32)
    assert taken == [path]


def test_unknown_and_impossible_paths_are_refused(monkeypatch):
    monkeypatch.setenv("CAPS_ROUTING", "auto")
    with pytest.raises(ValueError, match="CAPS_ROUTING = 'auto': 'fused' or 'plain' is needed"):
        run_layer("cpu", torch.float32)
    monkeypatch.setenv("CAPS_ROUTING", "fused")
    for device, dtype in WITHOUT_KERNELS:
        with pytest.raises(ValueError, match=f"{dtype} on {device}.*float32 or float64 on the CPU"):
            run_layer(device, dtype)


@pytest.mark.slow
def test_without_numba_the_plain_path_is_used():
    code = """
        import os
        import sys
        sys.modules["numba"] = None  # an import of it fails

        import torch
        from capsnet_study.routing import CapsuleLayer, route

        layer, u = CapsuleLayer(5, 4, 3, 6, 3, 0.5), torch.randn(2, 5, 4)
        for found, expected in zip(layer(u), route(layer.votes(u), 3, 0.5), strict=True):
            assert torch.equal(found, expected)
        os.environ["CAPS_ROUTING"] = "fused"
        try:
            layer(u)
        except ValueError as error:
            print(error)
    """
    refusal = output_of(start(code))
    assert refusal.startswith("CAPS_ROUTING = 'fused'") and refusal.endswith("Numba")
