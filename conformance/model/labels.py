"""Conditions on labels, as a list request of Kubernetes writes them: ``app=shop,tier in (a, b),!old``."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

_CONDITION = re.compile(r"(?:[^,()]|\([^()]*\))+")
_FORMS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?P<key>\S+)\s+in\s*\((?P<values>.*)\)"), "In"),
    (re.compile(r"(?P<key>\S+)\s+notin\s*\((?P<values>.*)\)"), "NotIn"),
    (re.compile(r"(?P<key>[^\s!=]+)\s*!=\s*(?P<values>[^\s=]*)"), "NotIn"),
    (re.compile(r"(?P<key>[^\s!=]+)\s*==?\s*(?P<values>[^\s=]*)"), "In"),
    (re.compile(r"!\s*(?P<key>[^\s!=]+)"), "DoesNotExist"),
    (re.compile(r"(?P<key>[^\s!=]+)"), "Exists"),
)


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition, in the words of Kubernetes' LabelSelector."""

    key: str
    operator: str
    """``In``, ``NotIn``, ``Exists`` or ``DoesNotExist``."""
    values: frozenset[str] = field(default=frozenset())

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Say whether *labels* meet it; without the label ``NotIn`` is met, as on Kubernetes."""
        match self.operator:
            case "In":
                return labels.get(self.key) in self.values
            case "NotIn":
                return labels.get(self.key) not in self.values
            case "Exists":
                return self.key in labels
            case _:
                return self.key not in labels

    def __str__(self) -> str:
        values = f" ({', '.join(sorted(self.values))})" if self.values else ""
        return f"{self.key} {self.operator}{values}"


Selector = frozenset[Condition]


def parse_selector(written: str) -> Selector:
    """Read a selector.

    Raises:
        ValueError: A part of it is no condition.
    """
    return frozenset(_condition(part.strip()) for part in _CONDITION.findall(written))


def fits(selector: Iterable[Condition], labels: Mapping[str, str]) -> bool:
    """Say whether labels meet all conditions."""
    return all(one.holds(labels) for one in selector)


def _condition(written: str) -> Condition:
    for form, operator in _FORMS:
        found = form.fullmatch(written)
        if found:
            values = found.groupdict().get("values")
            some = frozenset() if values is None else frozenset(one.strip() for one in values.split(","))
            return Condition(found["key"], operator, some)
    raise ValueError(f"{written!r} is no condition on labels")
