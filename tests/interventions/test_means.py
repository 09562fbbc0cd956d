"""Mean couplings over training images."""

import numpy as np
import pytest
import torch

from capsnet_study.interventions import means
from capsnet_study.interventions.means import mean_couplings, pair_of
from capsnet_study.training.evaluation import Examples


@pytest.mark.parametrize("batch, rtol", [(7, 1e-4), (128, 1e-9)])
def test_means_are_over_all_images_and_over_those_of_each_pair(
    network, examples, batch, rtol, monkeypatch
):
    """A pair without an image has the mean over all; which digit is named first does not matter."""
    monkeypatch.setattr(means, "BATCH", batch)
    labels = examples[0].labels.clone()
    labels[::3] = labels[::3].flip(1)
    train = Examples(examples[0].inputs, labels)
    pairs = np.array([sorted(pair) for pair in labels.tolist()])
    with torch.no_grad():
        own = [c.numpy() for c in train.run(network, slice(None)).couplings]
    counts = []
    for layer, couplings in zip(mean_couplings(network, train), own, strict=True):
        np.testing.assert_allclose(layer.overall, couplings.mean(axis=0), rtol=rtol)
        for pair in torch.combinations(torch.arange(10)):
            chosen = (pairs == pair.numpy()).all(axis=1)
            expected = couplings[chosen].mean(axis=0) if chosen.any() else layer.overall
            (found,) = layer.by_pair[pair_of(pair[None])]
            np.testing.assert_allclose(found, expected, rtol=rtol)
            counts.append(chosen.sum())
    assert min(counts) == 0 and max(counts) > 1


def test_each_pair_has_its_own_place_whichever_digit_comes_first():
    labels = torch.combinations(torch.arange(10))
    assert len(pair_of(labels).unique()) == 45
    assert torch.equal(pair_of(labels), pair_of(labels.flip(1)))
