"""The code of docs/layer.md runs, and its table shows what was measured."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from capsnet_study.common.storage import read_json

ROOT = Path(__file__).parents[1]
SECTION = (ROOT / "docs/layer.md").read_text(encoding="utf-8")
CODE = re.findall(r"```python\n(.*?)```", SECTION, re.DOTALL)


def defined() -> dict:
    """Return what the first block of code defines."""
    names: dict = {"__name__": "own"}
    exec(CODE[0], names)
    return names


def test_the_network_learns_two_images_apart():
    names = defined()
    torch.manual_seed(0)
    network, images = names["Net"](), torch.rand(2, 1, 28, 28)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    for _ in range(30):
        lengths, c = network(images)
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(lengths, torch.eye(10)[[3, 7]]).backward()
        optimizer.step()
    assert lengths.shape == (2, 10) and c.shape == (2, 400, 10)
    torch.testing.assert_close(c.sum(dim=2), torch.ones(2, 400))
    assert lengths.argmax(dim=1).tolist() == [3, 7]


def test_the_measures_serve_elsewhere():
    points = np.array([[0.0, 0.0], [3.0, 4.0]])
    names: dict = {"c": torch.full((2, 400, 10), 0.1), "a": points[:1], "b": points[1:]}
    exec(CODE[1], names)
    assert names["entropy"] == pytest.approx(np.log(10))
    assert names["distance"] == pytest.approx(10)


def test_the_network_can_be_transformed_and_exported():
    torch.manual_seed(0)
    network, images = defined()["Net"](), torch.rand(2, 1, 28, 28)
    names: dict = {"net": network, "images": images}
    exec(CODE[2], names)
    scores, _ = network(images)
    scores.square().sum().backward()
    for name, weight in network.named_parameters():
        torch.testing.assert_close(names["of_each_image"][name].sum(dim=0), weight.grad)
    found = torch.autograd.grad(
        names["exported"](images)[0].square().sum(), list(names["exported"].parameters())
    )
    for one, weight in zip(found, network.parameters(), strict=True):
        assert torch.equal(one, weight.grad)


def test_the_table_shows_what_was_measured():
    result = read_json(ROOT / "benchmarks/results/routing_cpu.json")
    seconds, memory = result["implementations"], result["peak_memory_mib"]
    shown = re.findall(r"\| ([\d,]+) \| ([\d,]+) \|$", SECTION, re.MULTILINE)
    assert [tuple(int(cell.replace(",", "")) for cell in row) for row in shown] == [
        (round(1e3 * seconds[path]), round(memory[f"{path}, n 3"]))
        for path in ("fused", "plain", "broadcast")
    ]
