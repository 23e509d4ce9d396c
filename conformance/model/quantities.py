"""Numbers as Kubernetes APIs write them: quantities, exactly, and durations.

TrafficSplit v1alpha1 writes weights as quantities, Traffic Metrics every figure, and its window as a duration.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from fractions import Fraction

_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:[eE]([+-]?\d+)|([KMGTPE]i|[numkMGTPE]))?", re.ASCII)
_LONGEST_EXPONENT = 2  # digits; Kubernetes caps quantities far below 10**99
_SUFFIXES: dict[str, Fraction] = {
    **{suffix: Fraction(1000) ** power for power, suffix in enumerate("num", start=-3)},
    **{suffix: Fraction(1000) ** power for power, suffix in enumerate("kMGTPE", start=1)},
    **{f"{suffix}i": Fraction(1024) ** power for power, suffix in enumerate("KMGTPE", start=1)},
}

LATENCY_UNITS: Mapping[str, Fraction] = {
    **dict.fromkeys(("s", "seconds"), Fraction(1)),
    **dict.fromkeys(("ms", "milliseconds"), Fraction(1, 1000)),
}
"""How many seconds each unit of a latency is.

Spec: traffic-metrics, "TrafficMetrics" has ``seconds``; the SDK's types, and meshes that use them, have ``ms``.
"""

_DURATION_PART = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_DURATION = re.compile(rf"([+-]?)(0|(?:{_DURATION_PART.pattern})+)", re.ASCII)
_DURATION_UNITS = {
    "ns": Fraction(1, 10**9),
    **dict.fromkeys(("us", "µs", "μs"), Fraction(1, 10**6)),
    "ms": Fraction(1, 1000),
    "s": Fraction(1),
    "m": Fraction(60),
    "h": Fraction(3600),
}


def parse_duration(text: str) -> timedelta | None:
    """Read a duration as Go writes it, such as ``30s``, ``1m30s``, ``1.5h`` or ``0``; None when it is none.

    Fractions of a microsecond are rounded away. Spec: traffic-metrics, "TrafficMetrics": ``window: 30s``.
    """
    found = _DURATION.fullmatch(text)
    if found is None:
        return None
    seconds = sum(
        (Fraction(number) * _DURATION_UNITS[unit] for number, unit in _DURATION_PART.findall(text)),
        Fraction(),
    )
    signed = -seconds if found[1] == "-" else seconds
    try:
        return timedelta(microseconds=round(signed * 10**6))
    except OverflowError:
        return None


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
