"""How the report speaks of claims: what to say if one holds, if it fails, and what says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

ROUTING = "R"  # no claim, but what all rest on: three iterations against uniform coupling
HARM_IN_R2 = "H"  # the first part of X17, which is in the abstract


class Statement(NamedTuple):
    """How the report speaks of a claim.

    Attributes
    ----------
    holds, fails
        The clause if the claim is reproduced, and if some part of it is contradicted.
    evidence
        What says so, by the place of a part, the most telling first. `met` is how many parts of the
        claim agree; of the part itself are `gap`, `size` and `more`, in points, `mean`, `p`, and
        `agree`, how many of its units do.
    """

    holds: str
    fails: str
    evidence: Mapping[int, str]


STATEMENTS = {
    ROUTING: Statement(
        "routing between capsules helps",
        "routing between capsules does harm",
        {0: "three iterations end {gap} uniform coupling, which routes nothing"},
    ),
    HARM_IN_R2: Statement(
        "many iterations do harm there",
        "many iterations do no harm there",
        {0: "nine in R2 only end {gap} three in R2 only"},
    ),
    "C1": Statement(
        "five iterations end within a point of three",
        "five iterations do not end within a point of three",
        {0: "they end {gap} three"},
    ),
    "C2": Statement(
        "many iterations do harm",
        "many iterations do not always do harm",
        {1: "nine end {gap} three", 0: "seven end {gap} three"},
    ),
    "C3": Statement(
        "an update rate of 0.01 does better than one of 1",
        "an update rate of 0.01 does not do better than one of 1",
        {0: "it ends {gap} that of 1", 1: "averaged over training, it is {gap} that of 1"},
    ),
    "C4": Statement(
        "a higher update rate leaves less entropy",
        "a higher update rate does not always leave less entropy",
        {0: "in {met} steps of the rate"},
    ),
    "C5": Statement(
        "entropy falls as training proceeds",
        "entropy does not fall in every arm",
        {0: "in {met} arms"},
    ),
    "C6": Statement(
        "certainty rises with accuracy in training",
        "certainty does not rise with accuracy in every arm",
        {0: "in {met} arms"},
    ),
    "C7": Statement(
        "deep certainty early on bodes ill",
        "deep certainty early on does not bode ill",
        {0: "rank correlation over arms {mean}, {p}"},
    ),
    "C8": Statement(
        "an update rate that follows fitness beats fixed ones",
        "an update rate that follows fitness does not beat fixed ones",
        {0: "it ends {gap} the best of them"},
    ),
    "M1": Statement(
        "maps of capsules are nearer the grid of shifts than the CNN's",
        "maps of capsules are not always nearer the grid of shifts than the CNN's",
        {0: "in {met} conventions of the Chamfer distance"},
    ),
    "M2": Statement(
        "capsules keep the manifold more faithfully than the CNN",
        "capsules do not keep the manifold more faithfully than the CNN throughout",
        {0: "by {met} measures"},
    ),
    "M3": Statement(
        "trained capsules that route are more faithful than every control",
        "trained capsules that route are not more faithful than every control by every measure",
        {0: "they are in {met} comparisons"},
    ),
    "T1": Statement(
        "breaking the coupling of layers costs the CNN more than the CapsNet",
        "breaking the coupling of layers does not cost the CNN more than the CapsNet",
        {1: "{more} with two kept layers", 0: "{more} with one kept layer"},
    ),
    "T2": Statement(
        "a change of domain costs the CapsNet little",
        "a change of domain costs the CapsNet more than a little",
        {1: "{size} with two kept layers", 0: "{size} with one kept layer"},
    ),
    "T3": Statement(
        "the CapsNet transfers better than the CNN",
        "the CapsNet does not always transfer better than the CNN",
        {
            1: "with two kept layers the CNN loses {more}",
            0: "with one kept layer the CNN loses {more}",
        },
    ),
    "X1": Statement(
        "many iterations do their harm early, and none later",
        "that many iterations do their harm early, and none later, does not hold",
        {
            0: "nine from a quarter of the steps on end {gap} nine throughout",
            1: "nine in the first quarter, then three, end {gap} three throughout",
        },
    ),
    "X2": Statement(
        "at equal certainty in R1 nine iterations do as well as three",
        "nine iterations do not do as well as three even at equal certainty in R1",
        {0: "alike at {met} levels of certainty"},
    ),
    "X3": Statement(
        "over arms, accuracy has a single peak in early certainty",
        "over arms, accuracy has no single peak in early certainty",
        {0: "{p}"},
    ),
    "X4": Statement(
        "the couplings of another image do harm",
        "the couplings of another image do no harm",
        {
            0: "used in training and at test, they cost {size}",
            1: "in a trained network, they cost {size}",
        },
    ),
    "X5": Statement(
        "routing is needed at test",
        "routing is hardly needed at test",
        {0: "one iteration in place of three costs {size}"},
    ),
    "X6": Statement(
        "three iterations gain by routing to the classes (R2) alone",
        "three iterations do not gain by routing to the classes (R2) alone",
        {
            2: "routing to Cap1 (R1) only ends {gap} uniform coupling",
            0: "routing in R2 only ends {gap} uniform coupling",
            1: "routing in R2 only ends {gap} routing in R1 only",
        },
    ),
    "X7": Statement(
        "with many iterations training is less even over capsules, early on",
        "with many iterations training is as even over capsules, early on",
        {
            0: "{mean} effective capsules by gradient for nine against three",
            1: "{mean} effective capsules by coupling mass for nine against three",
        },
    ),
    "X8": Statement(
        "at equal steps, more certain arms are behind",
        "at equal steps, more certain arms are not behind",
        {
            0: "rank correlation of entropy and match {mean}, {p}, at a tenth of the steps",
            1: "rank correlation of entropy and match {mean}, {p}, at 30 % of the steps",
        },
    ),
    "X9": Statement(
        "the change of domain by itself costs the CNN more, too",
        "the change of domain by itself does not cost the CNN more",
        {1: "{more} with two kept layers", 0: "{more} with one kept layer"},
    ),
    "X10": Statement(
        "rates between do better than both 0.01 and 1",
        "not all rates between do better than both 0.01 and 1",
        {0: "0.05 and 0.2 do in {met} comparisons"},
    ),
    "X12": Statement(
        "capsules are more faithful than the CNN before its ReLU",
        "capsules are not more faithful than the CNN before its ReLU throughout",
        {0: "by {met} measures"},
    ),
    "X13": Statement(
        "capsules are more faithful than principal components of the pixels",
        "capsules are not more faithful than principal components of the pixels throughout",
        {0: "by {met} measures"},
    ),
    "X16": Statement(
        "nine iterations do better after a start with three",
        "nine iterations do worse after a start with three",
        {
            0: "they end {gap} nine throughout, above in {agree} trials",
            1: "they end {gap} nine in the first quarter, then three",
        },
    ),
    "X17": Statement(
        "many iterations do harm in routing to the classes (R2), and change little in R1",
        "many iterations do not just do harm in routing to the classes (R2)",
        {
            0: "nine in R2 only end {gap} three in R2 only",
            1: "nine in R1 only end {gap} three in R1 only",
        },
    ),
}
