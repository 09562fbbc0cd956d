"""Which implementation routes."""

import pytest
import torch

from capsnet_study.routing import layer
from capsnet_study.routing.layer import CapsuleLayer
from capsnet_study.routing.path import routing_path
from tests.routing.fresh import output_of, start


def capsules(dtype=torch.float32, device="cpu") -> torch.Tensor:
    return torch.ones(2, 5, 4, dtype=dtype, device=device)


def path_of(u: torch.Tensor) -> str:
    return routing_path(u.device, u.dtype)


@pytest.fixture
def taken(monkeypatch):
    """Note which implementation a layer really calls."""
    monkeypatch.delenv("CAPS_ROUTING", raising=False)
    calls = []
    for name, path in (("fused_route", "fused"), ("route", "plain")):
        original = getattr(layer, name)
        monkeypatch.setattr(
            layer, name, lambda *args, f=original, p=path: calls.append(p) or f(*args)
        )
    return calls


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_single_and_double_precision_on_the_cpu_are_fused(taken, dtype):
    assert path_of(capsules(dtype)) == "fused"
    CapsuleLayer(5, 4, 3, 6, 3, 0.5).to(dtype)(capsules(dtype))
    assert taken == ["fused"]


@pytest.mark.parametrize(
    "dtype, device", [(torch.float16, "cpu"), (torch.bfloat16, "cpu"), (torch.float32, "meta")]
)
def test_half_precision_and_other_devices_are_plain(taken, dtype, device):
    u = capsules(dtype, device)
    assert path_of(u) == "plain"
    v, _ = CapsuleLayer(5, 4, 3, 6, 3, 0.5).to(device, dtype)(u)
    assert taken == ["plain"] and (v.dtype, v.device.type) == (dtype, device)


@pytest.mark.parametrize("path", ["fused", "plain"])
def test_the_environment_may_force_either(taken, monkeypatch, path):
    monkeypatch.setenv("CAPS_ROUTING", path)
    assert path_of(capsules()) == path
    CapsuleLayer(5, 4, 3, 6, 3, 0.5)(capsules())
    assert taken == [path]


@pytest.mark.parametrize("value", ["", "Fused", "auto"])
def test_any_other_value_is_refused(monkeypatch, value):
    monkeypatch.setenv("CAPS_ROUTING", value)
    with pytest.raises(ValueError, match=f"CAPS_ROUTING = '{value}': 'fused' or 'plain' is needed"):
        path_of(capsules())


@pytest.mark.parametrize(
    "dtype, device", [(torch.float16, "cpu"), (torch.bfloat16, "cpu"), (torch.float32, "meta")]
)
def test_the_fused_path_cannot_be_forced_where_there_is_none(monkeypatch, dtype, device):
    monkeypatch.setenv("CAPS_ROUTING", "fused")
    with pytest.raises(ValueError, match=f"{dtype} on {device}.*float32 or float64 on the CPU"):
        path_of(capsules(dtype, device))


def test_without_numba_the_plain_path_serves():
    code = """
        import sys
        sys.modules["numba"] = None  # an import of it fails

        import torch
        from capsnet_study.routing import CapsuleLayer, route, routing_path

        layer, u = CapsuleLayer(5, 4, 3, 6, 3, 0.5), torch.randn(2, 5, 4)
        for found, expected in zip(layer(u), route(layer.votes(u), 3, 0.5), strict=True):
            assert torch.equal(found, expected)
        print(routing_path(u.device, u.dtype))

        import os
        os.environ["CAPS_ROUTING"] = "fused"
        try:
            layer(u)
        except ValueError as error:
            print(error)
    """
    path, refusal = output_of(start(code)).splitlines()
    assert path == "plain"
    assert refusal.startswith("CAPS_ROUTING = 'fused'") and refusal.endswith("Numba")
