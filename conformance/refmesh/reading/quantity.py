"""Kubernetes resource quantities, which split.smi-spec.io/v1alpha1 writes weights in."""

import re
from fractions import Fraction

_NUMBER = r"([+-]?)(\d+\.?\d*|\.\d+)"
_FORM = re.compile(_NUMBER + r"(?:[eE]([+-]?\d{1,2})|(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]))?", re.ASCII)
_DECIMAL = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}


def parse_quantity(value: object) -> Fraction | None:
    """Read a quantity such as ``1``, ``"500m"``, ``"0.5"``, ``"1k"`` or ``"1e3"``, exactly.

    Returns:
        Its value, or None when it is no quantity. Exponents of more than two digits are taken for none.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    found = _FORM.fullmatch(value if isinstance(value, str) else repr(value))
    if not found:
        return None
    sign, digits, exponent, suffix = found.groups()
    number = Fraction(digits.removesuffix(".")) * _scale(exponent, suffix)
    return -number if sign == "-" else number


def _scale(exponent: str | None, suffix: str | None) -> Fraction:
    if exponent:
        return Fraction(10) ** int(exponent)
    if suffix in _BINARY:
        return Fraction(2) ** _BINARY[suffix]
    return Fraction(10) ** _DECIMAL.get(suffix or "", 0)
