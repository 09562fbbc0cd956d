"""The claims of the paper as declared in claims.yaml, checked and typed."""

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, field_validator

Group = Literal["capsule_arms", "routed_arms"]


class _Record(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class Expectation(_Record):
    """Where a value should lie: above or below a bound, or within [-bound, bound]."""

    kind: Literal["above", "below", "within"]
    bound: float

    def __str__(self) -> str:
        return f"{self.kind} {self.bound:g}"


def _parse_expectation(text: object) -> object:
    match = re.fullmatch(r"(above|below|within) (-?\d+(?:\.\d+)?)", str(text))
    if match is None:
        raise ValueError(f"{text!r}: must read 'above X', 'below X' or 'within X'")
    return {"kind": match[1], "bound": float(match[2])}


class _Part(_Record):
    table: Literal["fitting", "manifold", "transfer"]
    expect: Annotated[Expectation, BeforeValidator(_parse_expectation)]


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


class Level(_Part):
    """A measure of one arm."""

    kind: Literal["level"]
    measure: str
    of: str


class EachLevel(_Part):
    """A measure of each arm of a group."""

    kind: Literal["each_level"]
    measure: str
    each: Group


class Correlation(_Part):
    """Positive rank correlation, over the arms of a group, of their means of two measures."""

    kind: Literal["correlation"]
    x: str
    y: str
    over: Group

    @field_validator("expect")
    @classmethod
    def _above_zero(cls, expect: Expectation) -> Expectation:
        if str(expect) != "above 0":
            raise ValueError(f"'{expect}': a correlation must be expected 'above 0'")
        return expect


Part = Annotated[
    Difference | BestDifference | Level | EachLevel | Correlation, Field(discriminator="kind")
]


class Claim(_Record):
    """One finding of the paper and the parts that must all hold for it to be reproduced.

    A `control` is judged alike but is no finding of the paper.
    """

    id: Annotated[str, Field(pattern=r"^[A-Z]\d+$")]
    section: str
    title: str
    paper: str
    rule: str
    control: bool = False
    parts: Annotated[list[Part], Field(min_length=1)]


def parse_claims(document: Any) -> list[Claim]:
    """Return the claims of claims.yaml, which YAML gives as `document`, checked and typed.

    Raises
    ------
    ValueError
        Naming the place and the fault: an unknown key or kind, a wrong type, an expectation that
        cannot be read (these as pydantic.ValidationError), or an id that occurs twice.
    """
    claims = TypeAdapter(list[Claim]).validate_python(document)
    ids = [claim.id for claim in claims]
    repeated = sorted({name for name in ids if ids.count(name) > 1})
    if repeated:
        raise ValueError(f"claims.yaml: more than one claim with id {', '.join(repeated)}")
    return claims
