"""What arms, models, measures, null maps and schemes are called, wherever they are shown."""

from __future__ import annotations

from typing import NamedTuple

from capsnet_study.routing.params import ONE_UPDATE
from capsnet_study.training.arms import SOFT_N_ITER, Arm, CapsNetArm, CNNArm, YokedArm

MAIN_MODELS = ("capsnet", "uniform", "cnn")  # trained for 3.2 and 3.3; all others are controls
MODEL_NAMES = {
    "capsnet": "CapsNet",
    "uniform": "CapsNet, uniform",
    "cnn": "CNN",
    "cnn_pre": "CNN before ReLU",
    "cnn_decay": "CNN, weight decay",
    "random_capsnet": "CapsNet, untrained",
    "random_cnn": "CNN, untrained",
    "pixels": "pixels",
    "pca": "PCA of pixels",
}


CNN_NAMES = {"cnn": "CNN", "cnn160": "CNN-160"}


ALGORITHM_NAMES = {
    "attention": "inverted attention",
    "kmeans": "k-means routing",
    "self_attention": "self-attention",
    "self_routing": "self-routing",
    "max_min": "max-min routing",
    "leaky": "leaky routing",
    "em": "EM routing",
    "over_lower": "softmax over lower capsules",
    "fixed_random": "fixed random couplings",
}


def arm_name(arm: Arm) -> str:
    """Return what an arm is called in all that people read.

    The number of iterations, then what is not usual: an update rate other than 1 (where the paper
    varies it, at six iterations, any), the gradient through the last iteration only, what was done
    to its routing, an initial gain or learning rate of its own.

    >>> from capsnet_study.training.arms import CapsNetArm
    >>> arm_name(CapsNetArm(6, 0.01, model="capsnet"))
    'n = 6, η = 0.01'
    >>> arm_name(CapsNetArm(3, 1.0, "last", model="capsnet", init_gain=0.25))
    'n = 3, last gradient, gain 0.25'
    >>> arm_name(CapsNetArm(9, 1.0, model="capsnet", routed_from=0.25, n_iter_outside=3))
    'n = 3, then 9 from 25 %'
    """
    own = [f"rate {arm.lr:g}"] if arm.lr is not None else []
    own += [f"weight decay {arm.weight_decay:g}"] if arm.weight_decay is not None else []
    if isinstance(arm, CNNArm):
        return ", ".join([CNN_NAMES.get(arm.model, arm.model), *own])
    parts = [*_routing_words(arm), *_intervention_words(arm)]
    if arm.init_gain is not None:
        parts.append(f"gain {arm.init_gain:g}")
    return ", ".join([*parts, *own])


def _iterations(arm: CapsNetArm) -> str:
    """Return the number of iterations, where it changes with the shares of the steps.

    >>> from capsnet_study.training.arms import CapsNetArm
    >>> early = CapsNetArm(9, 1.0, model="capsnet", routed_until=0.25, n_iter_outside=3)
    >>> _iterations(early)
    'n = 9, then 3 from 25 %'
    """
    begin, end = (f"{100 * share:g} %" for share in (arm.routed_from, arm.routed_until))
    inside, outside = arm.n_iter, arm.n_iter_outside
    if (arm.routed_from, arm.routed_until) == (0, 1):
        return f"n = {inside}"
    if arm.routed_from == 0:
        return f"n = {inside}, then {outside} from {end}"
    until = f" to {end}" if arm.routed_until < 1 else ""
    return f"n = {outside}, then {inside} from {begin}{until}"


def _routing_words(arm: CapsNetArm) -> list[str]:
    parts = [_iterations(arm)]
    if arm.algorithm != "dynamic":
        name = ALGORITHM_NAMES[arm.algorithm]
        once = arm.algorithm in ONE_UPDATE and (arm.routed_from, arm.routed_until) == (0, 1)
        parts = [name] if once else [name, *parts]
    if arm.follows_fitness:
        parts.append("η by fitness" + ", reversed" * (arm.eta_max < arm.eta))
    elif arm.eta != 1 or (arm.n_iter == SOFT_N_ITER and arm.algorithm == "dynamic"):
        parts.append(f"η = {arm.eta:g}")
    if arm.gradient == "last":
        parts.append("last gradient")
    return parts


def _intervention_words(arm: CapsNetArm) -> list[str]:
    parts = []
    if arm.temperature != 1:
        parts.append(f"temperature {arm.temperature:g}")
    if arm.routed != "all":
        parts.append(f"{arm.routed.upper()} only")
    if arm.couplings_of == "other":
        parts.append("another's couplings")
    if arm.certainty is not None:
        parts.append(f"H = {arm.certainty:g} log J")
    if isinstance(arm, YokedArm):
        parts.append(f"as certain as {arm.certainty_of}")
    return parts


class Measure(NamedTuple):
    """How a measure is called and printed.

    Attributes
    ----------
    name
        In a sentence or a table.
    unit
        ``points`` are hundredths of a share, ``nats`` those of an entropy.
    better
        The better side of a measure of faithfulness: ``higher``, ``lower``, else empty.
    short
        Where there is little room; empty where the name will do.
    """

    name: str
    unit: str = ""
    better: str = ""
    short: str = ""

    @property
    def title(self) -> str:
        """The name for little room."""
        return self.short or self.name

    @property
    def with_arrow(self) -> str:
        """The name with an arrow to the better side."""
        return f"{self.name} {'↑' if self.better == 'higher' else '↓'}"


OF_R2 = {
    "entropy_first": "entropy_first_r2",
    "entropy_last": "entropy_last_r2",
    "entropy_change": "entropy_change_r2",
    "entropy_at_tenth": "entropy_at_tenth_r2",
    "spearman_entropy_accuracy": "spearman_entropy_accuracy_r2",
    "spearman_second_half": "spearman_second_half_r2",
}
"""The measures of R1's couplings, and the same of R2's."""


def _entropies(layer: str) -> dict[str, Measure]:
    """Return the measures of one layer's couplings, by the keys of those of R1."""
    correlation = f"rank correlation of {layer}'s entropy and exact match"
    return {
        "entropy_first": Measure(f"entropy of {layer} before training", "nats"),
        "entropy_last": Measure(
            f"entropy of {layer} after training", "nats", short=f"{layer} entropy after training"
        ),
        "entropy_change": Measure(
            f"change of {layer}'s entropy over training", "nats", short=f"change of {layer} entropy"
        ),
        "entropy_at_tenth": Measure(
            f"entropy of {layer} at a tenth of the steps", "nats", short="early entropy"
        ),
        "spearman_entropy_accuracy": Measure(correlation, short="correlation, entropy and match"),
        "spearman_second_half": Measure(f"{correlation}, second half"),
    }


CHAMFER_NAMES = {
    "chamfer_zscore": "z-score",
    "chamfer_unit_box": "unit box",
    "chamfer_procrustes": "Procrustes",
}
"""The conventions of the Chamfer distance."""

MEASURES = {
    "exact_match": Measure("final exact match", "points"),
    "area_under_curve": Measure(
        "exact match averaged over training", "points", short="exact match over training"
    ),
    **_entropies("R1"),
    **{OF_R2[key]: measure for key, measure in _entropies("R2").items()},
    "exact_match_at_tenth": Measure(
        "exact match at a tenth of the steps", "points", short="early exact match"
    ),
    "exact_match_at_third": Measure(
        "exact match at 30 % of the steps", "points", short="exact match at 30 %"
    ),
    "entropy_at_third": Measure(
        "entropy of R1 at 30 % of the steps", "nats", short="entropy at 30 %"
    ),
    "log_gap_at_tenth": Measure(
        "log(log J − H) of R1 at a tenth of the steps", short="early log(log J − H)"
    ),
    "effective_mass_at_tenth": Measure(
        "effective number of Cap1 capsules by coupling mass at a tenth of the steps",
        short="early capsules by mass",
    ),
    "effective_gradient_at_tenth": Measure(
        "effective number of Cap1 capsules by gradient at a tenth of the steps",
        short="early capsules by gradient",
    ),
    **{
        key: Measure(f"Chamfer distance, {name}", "", "lower", f"Chamfer, {name}")
        for key, name in CHAMFER_NAMES.items()
    },
    "procrustes_disparity": Measure("Procrustes disparity", "", "lower"),
    "trustworthiness": Measure("trustworthiness", "", "higher"),
    "continuity": Measure("continuity", "", "higher"),
    "distance_spearman": Measure(
        "rank correlation of distances", "", "higher", "distance rank corr."
    ),
    "linear_r2": Measure("linear R² of the shift", "", "higher", "linear R² of shift"),
    "raw_distance_spearman": Measure(
        "rank correlation of the activations' distances", "", "higher", "raw distance corr."
    ),
    "raw_knn_overlap": Measure(
        "neighbours kept by the activations", "", "higher", "raw neighbours kept"
    ),
    "raw_cka": Measure("linear CKA of activations and shift", "", "higher", "raw linear CKA"),
}
CHAMFER = tuple(CHAMFER_NAMES)
FAITHFULNESS = (
    "procrustes_disparity",
    "trustworthiness",
    "continuity",
    "distance_spearman",
    "linear_r2",
)
RAW_FAITHFULNESS = ("raw_distance_spearman", "raw_knn_overlap", "raw_cka")  # of the activations

CHANGES = {  # what couplings of a trained network are made
    "n_test": "n = {:g}",
    "uniform": "uniform couplings",
    "mean": "mean couplings",
    "pair_mean": "mean couplings of the digit pair",
    "shuffled": "couplings of another image",
    "temperature": "temperature × {:g}",
}
CHANGED_LAYERS = {"r1": "R1", "r2": "R2", "both": "both layers"}

NULL_NAMES = {
    "noise": "map of pure noise",
    "shuffled": "the grid, identities shuffled",
    "rotated_30": "the grid, turned by 30°",
    "perfect": "the grid",
}

SCHEME_GROUPS = {  # heading: transfer schemes, in the order of figure 7
    "from\nscratch": ("base", "base_long"),
    "other\ndomain": ("A1B", "A2B"),
    "same\ndomain": ("B1B", "B2B"),
    "everything\nfine-tuned": ("A1B+", "A2B+", "B1B+", "B2B+"),
    "random,\nfrozen": ("R1B", "R2B"),
}
SCHEMES = [scheme for group in SCHEME_GROUPS.values() for scheme in group]
