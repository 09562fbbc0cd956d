"""Where the other routings come from, and what this study changed in them."""

from __future__ import annotations

from typing import NamedTuple


class Origin(NamedTuple):
    """Origin of a routing.

    Attributes
    ----------
    source
        The publication, and the code that was read.
    adapted
        What is different here.
    """

    source: str
    adapted: str


ORIGINS: dict[str, Origin] = {
    "attention": Origin(
        "Tsai et al. 2020 (apple/ml-capsules-inverted-attention-routing)",
        "LayerNorm has no gain and offset and stays in the comparison; v = squash(S)",
    ),
    "kmeans": Origin(
        "leftthomas/CapsuleLayer, k_means_routing with dot products",
        "starts from uniform couplings; the squash of eq. 1",
    ),
    "self_attention": Origin(
        "Mazzia et al. 2021 (EscVM/Efficient-CapsNet)",
        "capsules have a bias; entropy is taken before β is added",
    ),
    "self_routing": Origin(
        "Hahn et al. 2019 (coder3000/SR-CapsNet)",
        "‖u_i‖ is the activation of i; v = squash(sum): theirs share out 1 among all j",
    ),
    "max_min": Origin(
        "Zhao et al. 2019, arXiv 1903.09662 (no code found)",
        "initial weights times 2/J; equal logits give 1; entropy is of c / sum_j c",
    ),
    "leaky": Origin(
        "Sabour et al. 2017 (Sarasra/models, research/capsules)",
        "nothing; entropy is of J + 1 entries, with the leak",
    ),
    "em": Origin(
        "Hinton et al. 2018 (coder3000/SR-CapsNet)",
        "masses times 100 J/I (Gritzman 2019); ‖u_i‖ is the activation of i; 1e-4 is added "
        "to variances, a bias to the mean; in R1 only: it collapses where lower capsules are few",
    ),
    "over_lower": Origin(
        "a mistake of public code (gram-ai/capsule-networks among others)",
        "times I/J, so that it starts from 1/J; entropy is of c / sum_j c",
    ),
    "fixed_random": Origin(
        "a control, after Paik et al. 2019",
        "softmax over j of standard normal logits, drawn once a trial",
    ),
}
