"""The claims as declared in claims.yaml, checked and typed."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from capsnet_study.common.errors import FileError

Kind = Literal["paper", "mechanism"]  # claims of the paper, and ours on what lies behind them
Side = Literal["above", "below", "within"]
OfSetting = Literal["caps32", "half", "paper"]  # settings that have a table of their own
Table = Literal[
    "fitting", "manifold", "transfer", "new_splits", "mechanism", "interventions", OfSetting
]
OfArms = Literal["fitting", "mechanism"]  # tables that hold what the arms are
Group = Literal["capsule_arms", "routed_arms", "routed_full_arms"]


class _Record(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class Expectation(_Record):
    """Where a value should lie: above or below a bound, or within [-bound, bound]."""

    kind: Side
    bound: float

    def __str__(self) -> str:
        return f"{self.kind} {self.bound:g}"


def _parse_expectation(text: object) -> object:
    match = re.fullmatch(r"(above|below|within) (-?\d+(?:\.\d+)?)", str(text))
    if match is None:
        raise ValueError("must read 'above X', 'below X' or 'within X'")
    if match[1] == "within" and float(match[2]) <= 0:
        raise ValueError("what a value should be within must be above 0")
    return {"kind": match[1], "bound": float(match[2])}


Expected = Annotated[Expectation, BeforeValidator(_parse_expectation)]


def _only(text: str) -> AfterValidator:
    """Refuse any other expectation."""

    def check(expect: Expectation) -> Expectation:
        if str(expect) != text:
            raise ValueError(f"must be '{text}' here")
        return expect

    return AfterValidator(check)


class _Part(_Record):
    table: Table
    expect: Expected


class Difference(_Part):
    """A measure of one arm minus that of another, paired by unit."""

    kind: Literal["difference"]
    measure: str
    of: str
    minus: str


class BestDifference(_Part):
    """A measure of one arm minus that of the arm with the highest mean among several."""

    kind: Literal["best_difference"]
    measure: str
    of: str
    minus_best_of: Annotated[list[str], Field(min_length=1)]


class Equivalence(_Record):
    """A measure of one arm minus that of another, paired by unit, within ± `bound`.

    Decided by two one-sided tests: by the 90 % interval, which must lie within the bound.
    """

    kind: Literal["equivalence"]
    table: Table
    measure: str
    of: str
    minus: str
    bound: Annotated[float, Field(gt=0)]

    @property
    def expect(self) -> Expectation:
        """Where the difference should lie."""
        return Expectation(kind="within", bound=self.bound)


class DifferenceOfDifferences(_Part):
    """A measure of `of` minus that of `over`, minus the same of `minus` and `minus_over`."""

    kind: Literal["difference_of_differences"]
    measure: str
    of: str
    over: str
    minus: str
    minus_over: str


class Level(_Part):
    """A measure of one arm."""

    kind: Literal["level"]
    measure: str
    of: str


class EachLevel(_Part):
    """A measure of each arm of a group."""

    kind: Literal["each_level"]
    table: OfArms
    measure: str
    each: Group


class Correlation(_Part):
    """Positive rank correlation, over the arms of a group, of their means of two measures."""

    kind: Literal["correlation"]
    table: OfArms
    x: str
    y: str
    over: Group
    expect: Annotated[Expected, _only("above 0")]


class Curvature(_Part):
    """A single peak of y over x, of the means of the arms of a group.

    The quadratic coefficient of y on x is below 0, and the vertex lies within the range of x.
    """

    kind: Literal["curvature"]
    table: OfArms
    x: str
    y: str
    over: Group
    expect: Annotated[Expected, _only("below 0")]


Part = Annotated[
    Difference
    | BestDifference
    | Equivalence
    | DifferenceOfDifferences
    | Level
    | EachLevel
    | Correlation
    | Curvature,
    Field(discriminator="kind"),
]


class Claim(_Record):
    """A finding of the paper, or a hypothesis of ours, and the parts that must all hold.

    Attributes
    ----------
    control
        Judged by the same rule, but no finding of the paper.
    kind
        ``mechanism`` claims are about what lies behind findings.
    if_holds, if_not
        What a mechanism claim means if it holds and if it does not.
    found_on_seed
        The seed whose results suggested the claim, which is not judged on them.
    """

    id: Annotated[str, Field(pattern=r"^[A-Z]\d+$")]
    section: str
    title: str
    paper: str
    rule: str
    control: bool = False
    kind: Kind = "paper"
    if_holds: str | None = None
    if_not: str | None = None
    found_on_seed: int | None = None
    parts: Annotated[list[Part], Field(min_length=1)]

    @model_validator(mode="after")
    def _says_what_it_means(self) -> "Claim":
        given = {self.if_holds is not None, self.if_not is not None}
        if given != {self.kind == "mechanism"}:
            raise ValueError("a claim of the kind mechanism, and no other, has if_holds and if_not")
        return self


def parse_claims(document: Any) -> list[Claim]:
    """Return the claims of claims.yaml, which YAML gives as `document`, checked and typed.

    Raises
    ------
    FileError
        Naming the claim, the place in it and the fault: an unknown key or kind, a wrong type, an
        expectation that cannot be read, or an id that occurs twice.
    """
    try:
        claims = TypeAdapter(list[Claim]).validate_python(document)
    except ValidationError as error:
        lines = [f"claims.yaml: {_explain(problem, document)}" for problem in error.errors()]
        raise FileError("\n".join(lines)) from None
    ids = [claim.id for claim in claims]
    repeated = sorted({name for name in ids if ids.count(name) > 1})
    if repeated:
        raise FileError(f"claims.yaml: more than one claim with id {', '.join(repeated)}")
    return claims


def _explain(problem: Mapping[str, Any], document: Any) -> str:
    """Return the claim and key of a problem, the value found and what is allowed."""
    said = problem["msg"].removeprefix("Value error, ")
    if not problem["loc"]:
        return said
    number, *keys = problem["loc"]
    given = document[number]
    number = f"claim {number + 1}"
    claim = given.get("id", number) if isinstance(given, dict) else number
    if keys[:1] == ["parts"]:
        del keys[2:3]  # the kind of the part, which is no key
    given = problem["input"]
    value = f" = {given!r}" if keys and isinstance(given, (str, int, float)) else ""
    return f"{claim}: {'.'.join(map(str, keys))}{value}: {said}" if keys else f"{claim}: {said}"
