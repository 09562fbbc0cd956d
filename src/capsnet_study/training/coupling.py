"""How certain the routing is: entropy and information of the couplings c_ij (paper 3.1).

A lower capsule i of sample n spreads its output over the upper capsules j with the weights
c_ij^(n), a distribution over j. Its entropy is 0 when all goes to one upper capsule and log J under
uniform coupling. The paper's second form of the mean entropy has an extra 1/J that contradicts its
first; the first is what is computed here.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class CouplingSummary:
    """Couplings of a whole data set.

    Attributes
    ----------
    entropy : float
        H, mean over samples and lower capsules, in nats.
    share : float
        H / log J, from 0 (each lower capsule feeds one upper capsule) to 1 (uniform coupling).
    information : float
        H(mean over samples of c) - H in nats, mean over lower capsules: 0 when the couplings are
        the same for every sample (static), larger the more they depend on it (adaptive).
    """

    entropy: float
    share: float
    information: float


Sums = tuple[float, Float[Tensor, "in_caps out_caps"], int]


def coupling_sums(c: Float[Tensor, "batch in_caps out_caps"]) -> Sums:
    """Sums over one batch from which `coupling_summary` makes its means.

    Parameters
    ----------
    c : couplings, each row ``c[n, i, :]`` a distribution over the upper capsules.

    Returns
    -------
    entropy : sum over samples and lower capsules of the entropy, in nats.
    couplings : sum over samples of c, in float64, [in_caps, out_caps].
    samples : how many samples there were.
    """
    c = c.detach()
    # torch.special.entr(0) = 0. The terms have the precision of c, their sums that of float64.
    entropy = torch.special.entr(c).sum(dtype=torch.float64)
    return entropy.item(), c.sum(0, dtype=torch.float64), len(c)


def coupling_summary(sums: Iterable[Sums]) -> CouplingSummary:
    """Entropy, its share of log J and the information, over all batches together.

    Parameters
    ----------
    sums : what `coupling_sums` returned for each batch; batches may differ in size.

    Raises
    ------
    ValueError
        If there is not a single sample.
    """
    batches = list(sums)
    samples = sum(n for _, _, n in batches)
    if samples == 0:
        raise ValueError("the couplings of at least one sample are needed")

    mean_coupling = sum(c for _, c, _ in batches) / samples  # [in_caps, out_caps]
    in_caps, out_caps = mean_coupling.shape
    entropy = math.fsum(h for h, _, _ in batches) / (samples * in_caps)
    entropy_of_mean = torch.special.entr(mean_coupling).sum().item() / in_caps
    share = entropy / math.log(out_caps) if out_caps > 1 else 0.0
    return CouplingSummary(entropy, share, entropy_of_mean - entropy)


def coupling_entropy(c: Float[Tensor, "batch in_caps out_caps"]) -> float:
    """Mean entropy H of the couplings, in nats (paper 3.1, first form).

    >>> round(coupling_entropy(torch.full((1, 3, 4), 0.25)) / math.log(4), 6)
    1.0
    """
    return coupling_summary([coupling_sums(c)]).entropy
