"""Are the two digits of an image found? (paper 3.1, after Sabour et al.)"""

from jaxtyping import Bool, Float, Integer
from torch import Tensor
from torch.nn.functional import one_hot


def _two_highest(scores: Float[Tensor, "images classes"]) -> Bool[Tensor, "images classes"]:
    """Mask of the two highest scores of a row; among equal scores the lower class comes first."""
    # A stable sort, so that dead networks (all scores equal) are judged alike on every device.
    order = scores.sort(dim=1, descending=True, stable=True).indices
    return one_hot(order[:, :2], scores.shape[1]).any(dim=1)


def _present(labels: Integer[Tensor, "images 2"], classes: int) -> Bool[Tensor, "images classes"]:
    return one_hot(labels.long(), classes).any(dim=1)


def exact_match(
    scores: Float[Tensor, "images classes"], labels: Integer[Tensor, "images 2"]
) -> Bool[Tensor, " images"]:
    """Whether the two highest class scores are the two labels, in any order.

    One digit of two earns nothing. Chance is 1/45 for ten classes.

    Parameters
    ----------
    scores : one score a class, the higher the likelier.
    labels : the two different digits of each image.

    >>> import torch
    >>> scores = torch.tensor([[0.9, 0.1, 0.8], [0.9, 0.1, 0.8]])
    >>> exact_match(scores, torch.tensor([[2, 0], [0, 1]])).tolist()
    [True, False]
    """
    return (_two_highest(scores) == _present(labels, scores.shape[1])).all(dim=1)


def digit_recall(
    scores: Float[Tensor, "images classes"], labels: Integer[Tensor, "images 2"]
) -> Float[Tensor, " classes"]:
    """Of the images that hold a digit, the share in which it is among the two highest scores.

    Returns
    -------
    One recall (0..1) a class; NaN for a digit that is in no image.
    """
    present = _present(labels, scores.shape[1])
    found = present & _two_highest(scores)
    return found.sum(0) / present.sum(0)
