"""Two-dimensional t-SNE maps of activations (paper 3.2)."""

from typing import Literal

import numpy as np
from jaxtyping import Float
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits


def tsne_map(
    activations: Float[np.ndarray, "n dim"],
    perplexity: float,
    seed: int,
    init: Literal["random", "pca"],
) -> Float[np.ndarray, "n 2"]:
    """Map activations to the plane.

    Parameters
    ----------
    activations : one row an image.
    perplexity : effective number of neighbours, below n.
    seed : of the random start; decides (nearly) nothing with ``init="pca"``.
    init : where the points start: at random, or at their first two principal components.

    Returns
    -------
    The map, float64. All zeros if all activations are equal, since there is nothing to map.

    Raises
    ------
    ValueError
        If an activation is not finite, or the perplexity is not below n.
    """
    if not np.isfinite(activations).all():
        raise ValueError("t-SNE needs finite activations")
    if not np.ptp(activations, axis=0).any():
        return np.zeros((len(activations), 2))

    # Barnes-Hut takes half the time of the exact gradient even for 81 points and ends as low. The
    # map depends chaotically on rounding, hence on the number of threads: always one.
    tsne = TSNE(2, perplexity=perplexity, init=init, random_state=seed, n_jobs=1)
    with threadpool_limits(limits=1):
        return tsne.fit_transform(activations).astype(np.float64)
