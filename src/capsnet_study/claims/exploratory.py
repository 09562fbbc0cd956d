"""What the claims do not ask: other comparisons, and the claims by conservative intervals.

Nothing here decides a claim.
"""

from collections.abc import Iterable, Mapping

from capsnet_study.claims.declarations import Claim, Difference, EachLevel, Level, Part
from capsnet_study.claims.methods import CONSERVATIVE
from capsnet_study.claims.parts import judge_parts
from capsnet_study.claims.records import Exploration
from capsnet_study.claims.tables import Tables, with_measures
from capsnet_study.claims.verdicts import evaluate_claims
from capsnet_study.names import CHAMFER, OF_R2, RAW_FAITHFULNESS

ON_R2 = ("C4", "C5", "C6")  # the claims on R1's couplings that are also judged on R2
ON_LONGER_BASE = ("T1", "T3")  # those on drops that differ between two models
AGAINST_DECAY = ("M1", "M2")  # those that compare maps with the CNN's
FROM_LONGER_BASE = {
    "drop_A1B": "longdrop_A1B",
    "drop_A2B": "longdrop_A2B",
    "drop_B1B": "longdrop_B1B",
    "drop_B2B": "longdrop_B2B",
}
ARM_PAIRS = (
    ("n3", "n1"),
    ("n6_eta0p01", "n1"),
    ("n6_eta0p1", "n6_eta1"),
    ("n6_eta0p5", "n6_eta1"),
    ("n6_fitness", "n6_eta1"),
)
CONTROLS = ("random_capsnet", "uniform", "random_cnn", "pixels", "pca")


def explore(claims: Iterable[Claim], tables: Tables) -> Exploration:
    """Judge what is no claim, on the tables of `evaluate_claims`."""
    claims = [claim for claim in claims if claim.kind == "paper"]
    wide, conservative = with_measures(tables), {"paper": CONSERVATIVE}
    return Exploration(
        claims_on_r2=evaluate_claims(claims_on_r2(claims), tables),
        claims_on_longer_base=evaluate_claims(claims_on_longer_base(claims), tables, conservative),
        claims_against_decay=evaluate_claims(claims_against_decay(claims), tables, conservative),
        conservative=evaluate_claims(claims, tables, conservative),
        remarks={
            name: judge_parts([one], wide, CONSERVATIVE)[0] for name, one in remarks().items()
        },
        arms=judge_parts(arm_differences(), wide, CONSERVATIVE),
        distances=judge_parts(distances_from_controls(), wide, CONSERVATIVE),
        activations=judge_parts(activations_against_others(), wide, CONSERVATIVE),
        second_half=judge_parts([second_half()], wide, CONSERVATIVE),
    )


def remarks() -> dict[str, Part]:
    """Return what the report mentions beside the claims; it decides none."""
    return {
        # as certain in R1 as nine iterations, with three, and the other way round
        "yoked_n9": _difference("mechanism", "exact_match", "n3_as_n9", "n9"),
        "yoked_n3": _difference("mechanism", "exact_match", "n9_as_n3", "n3"),
        "cnn_tuned": _difference("mechanism", "exact_match", "cnn_tuned", "cnn"),
        "cnn_at_best": _difference("mechanism", "exact_match", "n1", "cnn_tuned"),
        "shuffled_r1": _level("interventions", "loss_shuffled_r1", "n3"),
        "uniform_r1": _level("interventions", "loss_uniform_r1", "n3"),
        # what routing changes in transfer, on the splits that suggested X18
        **{
            f"routing_{measure}": _difference("transfer", measure, "uniform", "capsnet")
            for measure in ("drop_A1B", "drop_A2B", "longdrop_A1B", "longdrop_A2B")
        },
    }


def claims_on_r2(claims: Iterable[Claim]) -> list[Claim]:
    """Return C4 to C6 as they would read for the couplings of R2."""
    return [_measured_by(OF_R2, claim) for claim in claims if claim.id in ON_R2]


def claims_on_longer_base(claims: Iterable[Claim]) -> list[Claim]:
    """Return T1 and T3 as they would read for drops from the base of twice the steps."""
    return [_measured_by(FROM_LONGER_BASE, claim) for claim in claims if claim.id in ON_LONGER_BASE]


def claims_against_decay(claims: Iterable[Claim]) -> list[Claim]:
    """Return M1 and M2 as they would read against the CNN with weight decay."""
    return [
        claim.model_copy(
            update={
                "parts": [part.model_copy(update={"minus": "cnn_decay"}) for part in claim.parts]
            }
        )
        for claim in claims
        if claim.id in AGAINST_DECAY
    ]


def _measured_by(measures: Mapping[str, str], claim: Claim) -> Claim:
    """Return a claim with other measures in its parts."""
    parts = [part.model_copy(update={"measure": measures[part.measure]}) for part in claim.parts]
    return claim.model_copy(update={"parts": parts})


def arm_differences() -> list[Part]:
    """Return differences of arms that no claim asks for, at the end and over all of training."""
    return [
        _difference("fitting", measure, *arms)
        for measure in ("exact_match", "area_under_curve")
        for arms in ARM_PAIRS
    ]


def distances_from_controls() -> list[Part]:
    """Return Chamfer distances of the CapsNet's maps minus those of controls: below 0 is nearer."""
    return [
        _difference("manifold", measure, "capsnet", control, "below 0")
        for control in CONTROLS
        for measure in CHAMFER
    ]


def activations_against_others() -> list[Part]:
    """Return measures of the CapsNet's activations minus those of others: above 0 is better."""
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
