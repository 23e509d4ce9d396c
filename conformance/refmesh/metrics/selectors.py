"""Label selectors as Kubernetes' list requests write them. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_PART = re.compile(r"\s*((?:[^,()]|\([^()]*\))+)\s*(?:,|$)")
_SET = re.compile(r"([^\s!=]+)\s+(in|notin)\s*\(([^()]*)\)")
_EQUAL = re.compile(r"([^\s!=]+)\s*(==|=|!=)\s*([^\s=!]*)")
_EXISTS = re.compile(r"(!?)\s*([^\s!=(),]+)")


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition on an object's labels."""

    key: str
    operator: str
    """``In``, ``NotIn``, ``Exists`` or ``DoesNotExist``."""
    values: tuple[str, ...] = ()

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Say whether *labels* meet it. Without the label, ``NotIn`` is met, as on Kubernetes."""
        match self.operator:
            case "In":
                return self.key in labels and labels[self.key] in self.values
            case "NotIn":
                return self.key not in labels or labels[self.key] not in self.values
            case "Exists":
                return self.key in labels
            case _:
                return self.key not in labels


Selector = tuple[Requirement, ...]


def parse_selector(text: str) -> Selector:
    """Read a selector such as ``app=shop,tier in (a, b),!old``.

    Raises:
        ValueError: It is none.
    """
    found, at = [], 0
    while at < len(text):
        part = _PART.match(text, at)
        if part is None:
            raise ValueError(f"unable to parse requirement: {text[at:]!r}")
        found.append(_requirement(part[1].strip()))
        at = part.end()
    return tuple(found)


def _requirement(text: str) -> Requirement:
    if match := _SET.fullmatch(text):
        values = tuple(one.strip() for one in match[3].split(","))
        return Requirement(match[1], "In" if match[2] == "in" else "NotIn", values)
    if match := _EQUAL.fullmatch(text):
        return Requirement(match[1], "NotIn" if match[2] == "!=" else "In", (match[3],))
    if match := _EXISTS.fullmatch(text):
        return Requirement(match[2], "DoesNotExist" if match[1] else "Exists")
    raise ValueError(f"unable to parse requirement: {text!r}")


def fits(selector: Selector, labels: Mapping[str, str]) -> bool:
    """Say whether labels meet all of a selector."""
    return all(one.holds(labels) for one in selector)


def as_object(selector: Selector) -> Mapping[str, Any]:
    """Write a selector as Kubernetes' LabelSelector, in which ``app=shop`` is a ``matchLabels``."""
    equal = {one.key: one.values[0] for one in selector if one.operator == "In" and len(one.values) == 1}
    others = [one for one in selector if one.operator != "In" or len(one.values) != 1]
    written = [
        {"key": one.key, "operator": one.operator, **({"values": list(one.values)} if one.values else {})}
        for one in others
    ]
    return {**({"matchLabels": equal} if equal else {}), **({"matchExpressions": written} if written else {})}
