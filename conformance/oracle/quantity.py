"""Kubernetes resource quantities, exactly: the weights of TrafficSplit v1alpha1."""

import re
from fractions import Fraction

_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:[eE]([+-]?\d+)|([KMGTPE]i|[numkMGTPE]))?", re.ASCII)
_LONGEST_EXPONENT = 2  # digits; Kubernetes caps quantities far below 10**99
_SUFFIXES: dict[str, Fraction] = {
    **{suffix: Fraction(1000) ** power for power, suffix in enumerate("num", start=-3)},
    **{suffix: Fraction(1000) ** power for power, suffix in enumerate("kMGTPE", start=1)},
    **{f"{suffix}i": Fraction(1024) ** power for power, suffix in enumerate("KMGTPE", start=1)},
}


def parse_quantity(text: str) -> Fraction | None:
    """Read a quantity such as ``500m``, ``1``, ``0.5``, ``1k``, ``2e3`` or ``1Ki``; None when it is none.

    Spec:
        split.smi-spec.io/v1alpha1, "Specification": weights are Kubernetes resource quantities, so 1 equals
        1000m.
    """
    found = _QUANTITY.fullmatch(text)
    if found is None:
        return None
    number, exponent, suffix = found.groups()
    if exponent is not None:
        return _scaled(number, exponent)
    return Fraction(number) * _SUFFIXES.get(suffix or "", Fraction(1))


def _scaled(number: str, exponent: str) -> Fraction | None:
    if len(exponent.lstrip("+-")) > _LONGEST_EXPONENT:
        return None
    return Fraction(number) * Fraction(10) ** int(exponent)
