"""Mean couplings over training images."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
import torch

from capsnet_study.interventions import means
from capsnet_study.interventions.means import mean_couplings, pair_of
from capsnet_study.training.evaluation import Examples


def own_couplings(network, examples) -> list[np.ndarray]:
    with torch.no_grad():
        return [c.double().numpy() for c in examples.run(network, slice(None)).couplings]


def test_the_mean_of_a_pair_is_that_of_its_images(network, examples):
    labels = examples[0].labels.clone()
    labels[::3] = labels[::3].flip(1)
    train = Examples(examples[0].inputs, labels)
    pairs = [tuple(sorted(labels)) for labels in train.labels.tolist()]
    assert max(Counter(pairs).values()) > 1
    found = mean_couplings(network, train)
    for layer, couplings in zip(found, own_couplings(network, train), strict=True):
        flat = pd.DataFrame(couplings.reshape(len(train), -1))
        flat.index = pd.MultiIndex.from_tuples(pairs)
        by_pair = flat.groupby(level=[0, 1]).mean()
        np.testing.assert_allclose(layer.overall.ravel(), flat.mean(), rtol=1e-9)
        for pair, values in by_pair.iterrows():
            place = pair_of(torch.tensor([pair]))
            np.testing.assert_allclose(layer.by_pair[place].ravel(), values, rtol=1e-9)


def test_a_pair_without_an_image_has_the_mean_of_all(network, examples):
    train, _ = examples
    shown = {tuple(sorted(labels)) for labels in train.labels.tolist()}
    absent = [(a, b) for a in range(10) for b in range(a + 1, 10) if (a, b) not in shown]
    assert absent
    for layer in mean_couplings(network, train):
        for c in layer.by_pair[pair_of(torch.tensor(absent))]:
            assert torch.equal(c, layer.overall)


def test_each_pair_has_a_place_of_its_own_whichever_digit_comes_first():
    labels = torch.combinations(torch.arange(10))
    assert len(pair_of(labels).unique()) == 45
    assert torch.equal(pair_of(labels), pair_of(labels.flip(1)))


@pytest.mark.parametrize("batch", [7, 39, 40])
def test_the_size_of_batches_does_not_matter(network, examples, batch, monkeypatch):
    train, _ = examples
    expected = mean_couplings(network, train)
    monkeypatch.setattr(means, "BATCH", batch)
    for one, other in zip(mean_couplings(network, train), expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)


def test_means_are_couplings(network, examples):
    train = Examples(examples[0].inputs[:5], examples[0].labels[:5])
    for layer in mean_couplings(network, train):
        for c in (layer.overall, layer.by_pair):
            torch.testing.assert_close(c.sum(dim=-1), torch.ones(c.shape[:-1]).double())
