"""The kinds of claims, which are judged, counted and shown apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

Kind = Literal["paper", "mechanism"]


def of_kind(claims: Mapping[str, Mapping[str, Any]], kind: Kind) -> dict[str, Mapping[str, Any]]:
    """Return the claims of one kind of the record ``metrics/claims.json``, by letter and number.

    >>> list(of_kind({"C2": {"kind": "paper"}, "X10": {"kind": "mechanism"}}, "paper"))
    ['C2']
    """
    ids = sorted(claims, key=lambda id: (id[0], int(id[1:])))
    return {id: claims[id] for id in ids if claims[id].get("kind", "paper") == kind}
