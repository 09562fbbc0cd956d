"""Representations of the manifold sets without any network: the controls of paper 3.2."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, UInt8
from sklearn.decomposition import PCA

PCA_IMAGES = 5000


def pixel_activations(
    images: UInt8[np.ndarray, "sets 81 36 36"],
) -> Float[np.ndarray, "sets 81 1296"]:
    """Return the grey values in [0, 1]: the control without any model."""
    return images.reshape(*images.shape[:2], -1).astype(np.float32) / 255  # [sets, 81, 36 * 36]


def pca_activations(
    images: UInt8[np.ndarray, "sets 81 36 36"],
    train: UInt8[np.ndarray, "train 36 36"],
    components: int,
) -> Float[np.ndarray, "sets 81 components"]:
    """Return the first principal components of the pixels: a linear code as wide as Cap1.

    The components are those of (at most 5,000) training images; there are no more of them than
    images, or than pixels.
    """
    pixels = train[:PCA_IMAGES].reshape(-1, train[0].size).astype(np.float32) / 255
    fitted = PCA(min(components, *pixels.shape), svd_solver="covariance_eigh").fit(pixels)
    flat = pixel_activations(images)
    codes = fitted.transform(flat.reshape(-1, flat.shape[-1]))  # [sets * 81, components]
    return codes.reshape(*flat.shape[:2], -1).astype(np.float32)
