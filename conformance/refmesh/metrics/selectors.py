"""Label and field selectors as Kubernetes' list requests write them. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_PART = re.compile(r"\s*((?:[^,()]|\([^()]*\))+)\s*(?:,|$)")
_SET = re.compile(r"([^\s!=<>]+)\s+(in|notin)\s*\(([^()]*)\)")
_EQUAL = re.compile(r"([^\s!=<>]+)\s*(==|=|!=)\s*([^\s=!<>]*)")
_COMPARED = re.compile(r"([^\s!=<>]+)\s*([<>])\s*([+-]?\d+)", re.ASCII)
_EXISTS = re.compile(r"(!?)\s*([^\s!=(),<>]+)")
_NUMBER = re.compile(r"[+-]?\d+", re.ASCII)
_FIELD = re.compile(r"([^\s!=,]+)(==|=|!=)([^=!,]*)")


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition on an object's labels."""

    key: str
    operator: str
    """``In``, ``NotIn``, ``Exists``, ``DoesNotExist``, ``Gt`` or ``Lt``."""
    values: tuple[str, ...] = ()

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Say whether *labels* meet it, as on Kubernetes.

        Without the label ``NotIn`` is met; ``Gt`` and ``Lt`` are met by whole numbers only.
        """
        match self.operator:
            case "In":
                return self.key in labels and labels[self.key] in self.values
            case "NotIn":
                return self.key not in labels or labels[self.key] not in self.values
            case "Exists":
                return self.key in labels
            case "Gt" | "Lt":
                return self._compares(labels.get(self.key, ""))
            case _:
                return self.key not in labels

    def _compares(self, written: str) -> bool:
        if not _NUMBER.fullmatch(written):
            return False
        number, bound = int(written), int(self.values[0])
        return number > bound if self.operator == "Gt" else number < bound


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
    if match := _COMPARED.fullmatch(text):
        return Requirement(match[1], "Gt" if match[2] == ">" else "Lt", (match[3],))
    if match := _EXISTS.fullmatch(text):
        return Requirement(match[2], "DoesNotExist" if match[1] else "Exists")
    raise ValueError(f"unable to parse requirement: {text!r}")


FIELDS = ("metadata.name", "metadata.namespace")
"""Fields that every list of Kubernetes can be chosen by, and this one by no others."""

FieldSelector = tuple[tuple[str, bool, str], ...]
"""For each condition its field, whether it is equality (else its opposite), and the value."""


def parse_fields(text: str) -> FieldSelector:
    """Read a selector such as ``metadata.name=shop,metadata.namespace!=there``.

    Raises:
        ValueError: It is none, or has a field that lists cannot be chosen by; in the words of an API server.
    """
    return tuple(_field(text, one) for one in text.split(",") if one)


def _field(whole: str, text: str) -> tuple[str, bool, str]:
    match = _FIELD.fullmatch(text)
    if match is None:
        raise ValueError(f"invalid selector: '{whole}'; can't understand '{text}'")
    if match[1] not in FIELDS:
        known = ", ".join(f'"{one}"' for one in FIELDS)
        raise ValueError(f'"{match[1]}" is not a known field selector: only {known}')
    return match[1], match[2] != "!=", match[3]


def fits_fields(selector: FieldSelector, namespace: str, name: str) -> bool:
    """Say whether an object's name and namespace meet all of a field selector."""
    values = dict(zip(FIELDS, (name, namespace), strict=True))
    return all((values[field] == value) is is_equal for field, is_equal, value in selector)


def fits(selector: Selector, labels: Mapping[str, str]) -> bool:
    """Say whether labels meet all of a selector."""
    return all(one.holds(labels) for one in selector)


def as_object(selector: Selector) -> Mapping[str, Any]:
    """Write a selector as Kubernetes' LabelSelector, in which ``app=shop`` is a ``matchLabels``.

    ``Gt`` and ``Lt`` are written as Kubernetes' NodeSelector has them; a LabelSelector has no words for them.
    """
    equal = {one.key: one.values[0] for one in selector if one.operator == "In" and len(one.values) == 1}
    others = [one for one in selector if one.operator != "In" or len(one.values) != 1]
    written = [
        {"key": one.key, "operator": one.operator, **({"values": list(one.values)} if one.values else {})}
        for one in others
    ]
    return {**({"matchLabels": equal} if equal else {}), **({"matchExpressions": written} if written else {})}
