"""What the claims do not ask: other comparisons, and the claims by intervals that assume less.

Nothing here decides a claim.
"""

from collections.abc import Callable, Iterable

from capsnet_study.claims.declarations import Claim, Difference, EachLevel, Level, Part
from capsnet_study.claims.methods import CAUTIOUS
from capsnet_study.claims.parts import Result, judge_parts
from capsnet_study.claims.tables import Tables, with_measures
from capsnet_study.claims.verdicts import evaluate_claims
from capsnet_study.names import CHAMFER, R2_SUFFIX, RAW_FAITHFULNESS

ON_R2 = ("C4", "C5", "C6")  # the claims on R1's couplings that are looked at on R2, too
ON_LONGER_BASE = ("T1", "T3")  # those on drops that differ between two models
ARM_PAIRS = (
    ("n3", "n1"),
    ("n6_eta0p01", "n1"),
    ("n6_eta0p1", "n6_eta1"),
    ("n6_eta0p5", "n6_eta1"),
    ("n6_fitness", "n6_eta1"),
)
CONTROLS = ("random_capsnet", "uniform", "random_cnn", "pixels", "pca")


def explore(claims: Iterable[Claim], tables: Tables) -> dict[str, dict[str, Result] | list[Result]]:
    """Judge what is no claim, on the tables of `evaluate_claims`.

    Returns
    -------
    claims_on_r2
        C4 to C6 for the couplings of R2.
    claims_on_longer_base
        T1 and T3 by `cautious_interval`, for drops from a base that trains as long as kept layers.
    cautious
        The paper's claims by `cautious_interval`, which decides the mechanism claims anyway.
    remarks
        Parts by `cautious_interval` that the report tells beside claims, by name.
    arms, distances, activations, second_half
        Parts by `cautious_interval`: differences of arms of the sweep; Chamfer distances of the
        CapsNet less those of its controls; measures of activations, not of maps, less those of the
        CNN and the controls; C6 in the second half of training.
    """
    claims = [claim for claim in claims if claim.kind == "paper"]
    wide = with_measures(tables)
    return {
        "claims_on_r2": evaluate_claims(claims_on_r2(claims), tables),
        "claims_on_longer_base": evaluate_claims(
            claims_on_longer_base(claims), tables, {"paper": CAUTIOUS}
        ),
        "cautious": evaluate_claims(claims, tables, {"paper": CAUTIOUS}),
        "remarks": {name: judge_parts([one], wide, CAUTIOUS)[0] for name, one in remarks().items()},
        "arms": judge_parts(arm_differences(), wide, CAUTIOUS),
        "distances": judge_parts(distances_from_controls(), wide, CAUTIOUS),
        "activations": judge_parts(activations_against_others(), wide, CAUTIOUS),
        "second_half": judge_parts([second_half()], wide, CAUTIOUS),
    }


def remarks() -> dict[str, Part]:
    """Return what is told beside claims of 3.1 and decides none."""
    arms = {
        "yoked_n9": ("n3_as_n9", "n9"),  # as certain in R1 as nine iterations, with three
        "yoked_n3": ("n9_as_n3", "n3"),  # and the other way round
        "cnn_tuned": ("cnn_tuned", "cnn"),
        "cnn_at_best": ("n1", "cnn_tuned"),
    }
    changes = {f"{change}_r1": f"loss_{change}_r1" for change in ("shuffled", "uniform")}
    return {name: _difference("mechanism", "exact_match", *pair) for name, pair in arms.items()} | {
        name: _level("interventions", measure, "n3") for name, measure in changes.items()
    }


def claims_on_r2(claims: Iterable[Claim]) -> list[Claim]:
    """Return C4 to C6 as they would read for the couplings of R2."""
    chosen = (claim for claim in claims if claim.id in ON_R2)
    return [_measured_by(lambda measure: f"{measure}{R2_SUFFIX}", claim) for claim in chosen]


def claims_on_longer_base(claims: Iterable[Claim]) -> list[Claim]:
    """Return T1 and T3 as they would read for drops from the base of twice the steps."""
    chosen = (claim for claim in claims if claim.id in ON_LONGER_BASE)
    return [_measured_by(lambda measure: f"long{measure}", claim) for claim in chosen]


def _measured_by(rename: Callable[[str], str], claim: Claim) -> Claim:
    """Return a claim with other measures in its parts."""
    parts = [part.model_copy(update={"measure": rename(part.measure)}) for part in claim.parts]
    return claim.model_copy(update={"parts": parts})


def arm_differences() -> list[Part]:
    """Return differences of arms that no claim asks for, at the end and over all of training."""
    return [
        _difference("fitting", measure, *arms)
        for measure in ("exact_match", "area_under_curve")
        for arms in ARM_PAIRS
    ]


def distances_from_controls() -> list[Part]:
    """Return Chamfer distances of the CapsNet's maps less those of controls: below 0 is nearer."""
    return [
        _difference("manifold", measure, "capsnet", control, "below 0")
        for control in CONTROLS
        for measure in CHAMFER
    ]


def activations_against_others() -> list[Part]:
    """Return measures of the CapsNet's activations less those of others: above 0 is better."""
    return [
        _difference("manifold", measure, "capsnet", other)
        for other in ("cnn", "cnn_pre", *CONTROLS)
        for measure in RAW_FAITHFULNESS
    ]


def second_half() -> Part:
    """Return C6 for the second half of training only."""
    return EachLevel(
        kind="each_level",
        table="fitting",
        measure="spearman_second_half",
        each="routed_arms",
        expect="below 0",
    )


def _level(table: str, measure: str, of: str) -> Part:
    return Level(kind="level", table=table, measure=measure, of=of, expect="above 0")


def _difference(table: str, measure: str, of: str, minus: str, expect: str = "above 0") -> Part:
    return Difference(
        kind="difference", table=table, measure=measure, of=of, minus=minus, expect=expect
    )
