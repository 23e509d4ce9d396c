"""Conditions in the status of Kubernetes' objects, such as ``Ready``. Pure."""

from collections.abc import Mapping
from typing import Any


def condition_of(body: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """Give one condition of an object; an empty one where it has none of that type."""
    listed = (body.get("status") or {}).get("conditions") or ()
    return next((one for one in listed if one["type"] == kind), {})


def holds(body: Mapping[str, Any], kind: str) -> bool:
    """Say whether a condition of an object is true."""
    return condition_of(body, kind).get("status") == "True"
