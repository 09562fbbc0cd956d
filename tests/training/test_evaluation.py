"""What is measured of a network on examples."""

import math

import pytest
import torch

from capsnet_study.models.network import Network, NetworkOutput
from capsnet_study.models.spec import build_network
from capsnet_study.training import evaluation
from capsnet_study.training.evaluation import Examples, evaluate

KINDS = pytest.mark.parametrize("kind", ["capsnet", "cnn"])


def as_output(features: torch.Tensor, kept: int) -> NetworkOutput:
    """Split features into 10 scores, 1 + 2 capsules of dimension 2, and 2 x 2 couplings."""
    scores, capsules, couplings = features.split([10, 6, 4], dim=1)
    below, above = capsules.view(-1, 3, 2).split([1, 2], dim=1)
    activations = {"cap1": below, "classes": above}
    return NetworkOutput(scores, activations, [couplings.view(-1, 2, 2)])


@pytest.fixture
def given(cnn, monkeypatch) -> tuple[Network, Examples]:
    """A network that returns its features, and five examples.

    Three are exact matches, one has a single right digit and one has none.
    """
    network = build_network(cnn, torch.Generator())
    monkeypatch.setattr(network, "upper", as_output)
    labels = torch.tensor([[0, 1], [1, 0], [2, 9], [0, 1], [0, 1]])
    highest = [(0, 1), (0, 1), (9, 2), (0, 5), (5, 6)]
    features = torch.zeros(5, 20)
    for row, classes in enumerate(highest):
        features[row, list(classes)] = torch.tensor([0.9, 0.8])
    features[:, 10:16] = 1e-4  # all capsules are short ...
    features[4, 12:14] = torch.tensor([0.0, 2e-3])  # ... but the second, on one example
    features[:, 16:20] = torch.tensor([0.5, 0.5, 1.0, 0.0])
    return network, Examples(features, labels, kept=0)


@pytest.mark.parametrize("batch", [1, 2, 128])
def test_measures_by_hand(given, monkeypatch, batch):
    monkeypatch.setattr(evaluation, "BATCH", batch)
    found = evaluate(*given)
    assert found["exact_match"] == pytest.approx(3 / 5)
    assert found["recall_0"] == pytest.approx(3 / 4)
    assert found["recall_1"] == pytest.approx(2 / 4)
    assert found["recall_2"] == found["recall_9"] == 1.0
    assert math.isnan(found["recall_5"])
    assert found["entropy_r1"] == pytest.approx(math.log(2) / 2)
    assert found["entropy_share_r1"] == pytest.approx(1 / 2)
    assert found["mi_r1"] == pytest.approx(0, abs=1e-6)
    assert found["dead_share"] == pytest.approx(2 / 3)


@KINDS
def test_evaluating_changes_nothing_and_does_not_depend_on_batches(
    kind, capsnet, cnn, examples, monkeypatch
):
    network = build_network({"capsnet": capsnet, "cnn": cnn}[kind], torch.Generator())
    before = {name: value.clone() for name, value in network.state_dict().items()}
    found = []
    for batch in (7, 40, 128):
        monkeypatch.setattr(evaluation, "BATCH", batch)
        found.append(evaluate(network, examples[0]))
    for other in found[1:]:
        assert other == pytest.approx(found[0], rel=1e-4, abs=1e-6, nan_ok=True)
    assert ("entropy_r1" in found[0]) == ("dead_share" in found[0]) == (kind == "capsnet")
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert all(parameter.grad is None for parameter in network.parameters())


def test_targets_are_multi_hot():
    examples = Examples(torch.zeros(2, 3), torch.tensor([[0, 9], [4, 2]]))
    expected = torch.zeros(2, 10)
    expected[0, [0, 9]] = expected[1, [2, 4]] = 1
    assert torch.equal(examples.targets(slice(None)), expected)
    assert torch.equal(examples.targets(torch.tensor([1])), expected[1:])
