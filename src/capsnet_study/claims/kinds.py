"""The kinds of claims, which are judged, counted and shown apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

Kind = Literal["paper", "mechanism"]


def of_kind(claims: Mapping[str, Mapping[str, Any]], kind: Kind) -> dict[str, Mapping[str, Any]]:
    """Return the claims of one kind of the record ``metrics/claims.json``, in its order.

    >>> list(of_kind({"C1": {"verdict": "reproduced"}, "X1": {"kind": "mechanism"}}, "paper"))
    ['C1']
    """
    return {id: claim for id, claim in claims.items() if claim.get("kind", "paper") == kind}
