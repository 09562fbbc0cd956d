"""Claims as they were judged: what metrics files hold of them, typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from capsnet_study.claims.declarations import Group, Kind, Side, Table
from capsnet_study.common.errors import StudyError

Outcome = Literal["reproduced", "contradicted", "inconclusive", "not evaluated"]
"""Of a part: whether its value lies where the claim says."""
Verdict = Literal[Outcome, "supported", "not supported"]
"""Of a claim: the first two outcomes are for the paper's claims; ours are (not) supported."""
OURS: dict[Outcome, Verdict] = {"reproduced": "supported", "contradicted": "not supported"}
PartKind = Literal[
    "difference",
    "equivalence",
    "difference_of_differences",
    "level",
    "correlation",
    "curvature",
]
OVER_ARMS = ("correlation", "curvature")  # kinds of parts that have one value per arm


class OtherVersionError(StudyError):
    """Metrics that were written by another version of the study."""


@dataclass(frozen=True, kw_only=True)
class JudgedPart:
    """A part of a claim, and what results say of it.

    Attributes
    ----------
    kind, table
        What is judged. A part on the best of several arms is a difference, and one on each arm of a
        group has become a level of one arm.
    measure, of, minus, over, minus_over
        The measure, and the arms or models that are compared. A difference without `minus` lacks
        some of the arms that `minus` would be chosen from.
    group, x, y
        A group of arms, and the two measures of a correlation or curvature over it.
    side, bound
        Where the value should lie: above, below or within ± the bound.
    outcome
        Where it lies.
    n, dropped
        Number of units or arms, and of those left out because they have no value.
    agree
        Number of units whose own value lies where the part should.
    mean, sd
        Of the values; the rank correlation or the curvature of parts over arms.
    low, high, low_90, high_90
        Ends of the 95 % interval and, of an equivalence, of the 90 % interval.
    p
        Of parts over arms, and of all parts of mechanism claims.
    vertex
        The x of a curvature's vertex.
    """

    kind: PartKind
    table: Table
    measure: str | None = None
    of: str | None = None
    over: str | None = None
    minus: str | None = None
    minus_over: str | None = None
    group: Group | None = None
    x: str | None = None
    y: str | None = None
    side: Side
    bound: float
    outcome: Outcome = "not evaluated"
    n: int
    dropped: int
    agree: int | None = None
    mean: float | None = None
    sd: float | None = None
    low: float | None = None
    high: float | None = None
    low_90: float | None = None
    high_90: float | None = None
    p: float | None = None
    vertex: float | None = None


@dataclass(frozen=True, kw_only=True)
class JudgedClaim:
    """A claim of claims.yaml with its verdict.

    Attributes
    ----------
    kind, section, title, paper, rule, control, if_holds, if_not
        As declared.
    verdict, parts
        The verdict, and what it follows from.
    p, p_holm
        Of a mechanism claim: the largest p of its parts, all of which must hold, and the same
        adjusted for the number of mechanism claims that have one. They decide nothing.
    """

    kind: Kind
    section: str
    title: str
    paper: str
    rule: str
    control: bool
    if_holds: str | None = None
    if_not: str | None = None
    verdict: Verdict
    parts: Sequence[JudgedPart]
    p: float | None = None
    p_holm: float | None = None


Claims = dict[str, JudgedClaim]
"""Judged claims by id, in the order of claims.yaml: ``metrics/claims.json``."""


def of_kind(claims: Mapping[str, JudgedClaim], kind: Kind) -> Claims:
    """Return the claims of one kind."""
    return {id: claim for id, claim in claims.items() if claim.kind == kind}


@dataclass(frozen=True, kw_only=True)
class Exploration:
    """What the claims do not ask: ``metrics/exploratory.json``. Nothing here decides a claim.

    Attributes
    ----------
    claims_on_r2
        C4 to C6 for the couplings of R2.
    claims_on_longer_base
        T1 and T3 by conservative intervals, for drops from a base that trains as long as kept
        layers.
    claims_against_decay
        M1 and M2 by conservative intervals, against the CNN with weight decay.
    conservative
        The paper's claims by conservative intervals.
    remarks
        Parts by name that the report mentions with claims.
    arms, distances, activations, second_half
        Parts: differences of arms of the sweep; Chamfer distances of the CapsNet minus those of its
        controls; measures of activations, not of maps, minus those of the CNN and the controls; C6
        in the second half of training.
    """

    claims_on_r2: Claims
    claims_on_longer_base: Claims
    claims_against_decay: Claims
    conservative: Claims
    remarks: dict[str, JudgedPart]
    arms: Sequence[JudgedPart]
    distances: Sequence[JudgedPart]
    activations: Sequence[JudgedPart]
    second_half: Sequence[JudgedPart]


def to_json(record: Any) -> Any:
    """Return a record, or a mapping of records, as plain values; fields that are None are left out.

    >>> to_json({"C1": JudgedPart(kind="level", table="fitting", side="above", bound=0.0,
    ...                           n=0, dropped=0)})["C1"]["outcome"]
    'not evaluated'
    """
    if isinstance(record, Mapping):
        return {key: to_json(value) for key, value in record.items()}
    return asdict(
        record,
        dict_factory=lambda fields: {name: value for name, value in fields if value is not None},
    )


def from_json(value: Any, kind: Any) -> Any:
    """Return what `to_json` made of a record of the type `kind`.

    Raises
    ------
    OtherVersionError
        Some field is missing, or has a value that it cannot have.
    """
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise OtherVersionError(
            f"the files in metrics/ are not of this version of the study ({place}: "
            f"{first['msg']}): `dvc repro` writes them anew"
        ) from error
