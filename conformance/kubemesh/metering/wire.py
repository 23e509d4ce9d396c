"""What metrics server and sidecars say to each other, as JSON over one WebSocket per sidecar. Pure.

The server asks all sidecars at one moment what they have counted::

    {"look": 7}

and each answers with how long its Envoy has run and with the series that have changed since it last answered on
this connection, complete with all that they have counted::

    {"look": 7, "uptime": 12.5, "series": [[["pod", "side", ...], [[lower, upper, count], ...]], ...]}

or, where its Envoy does not tell, with the number alone, so that nobody waits for it.
"""

import json
from datetime import timedelta
from typing import Any

from conformance.refmesh.metrics import Sample
from conformance.refmesh.metrics.reading import Bins, Series

LARGEST = 16 * 1024 * 1024
"""Bytes of a message; Envoy keeps at most 20,000 series, of which few change between two looks."""
MOST_SERIES = 20_000
"""Of one sidecar."""
_MOST_BINS = 2_000  # Envoy's histograms tell some 90 latencies apart in each power of ten


def encode_look(number: int) -> str:
    """Write the server's question."""
    return json.dumps({"look": number})


def decode_look(text: str) -> int:
    """Read the server's question.

    Raises:
        ValueError: It is none.
    """
    try:
        return int(json.loads(text)["look"])
    except (LookupError, TypeError) as problem:
        raise ValueError(f"this asks for nothing: {text[:80]!r}") from problem


def encode_sample(number: int, told: Sample | None, sample: Sample | None) -> str:
    """Write what of a sample is not as it was *told* before; None says that there is no sample."""
    if sample is None:
        return encode_look(number)
    old = told.counts if told else {}
    series = [
        [list(one), [[*bounds, count] for bounds, count in bins.items()]]
        for one, bins in sample.counts.items()
        if old.get(one) != bins
    ]
    message = {"look": number, "uptime": sample.uptime.total_seconds(), "series": series}
    return json.dumps(message, separators=(",", ":"))


def decode_sample(text: str, pod: str, had: Sample | None) -> tuple[int, Sample | None]:
    """Read what `encode_sample` wrote, for who has *had* the sample before; give the number of the look as well.

    Args:
        text: The message.
        pod: Key of the pod whose sidecar it is; what is said of others is not believed.
        had: The last sample of this connection.

    Raises:
        ValueError: It is no such message, or says more than a sidecar can have counted.
    """
    try:
        message = json.loads(text)
        number = int(message["look"])
        if len(message) == 1:
            return number, None
        uptime = timedelta(seconds=_amount(message["uptime"]))
        told = {_series(names): _bins(bins) for names, bins in message["series"]}
    except (LookupError, TypeError, OverflowError) as problem:
        raise ValueError(f"this is no sample: {problem!r}") from problem
    own = {series: bins for series, bins in told.items() if series.pod == pod}
    old = had.counts if had else {}
    counts = {**old, **own} if own else old
    if len(counts) > MOST_SERIES:
        raise ValueError(f"{len(counts)} series are more than a sidecar keeps")
    return number, Sample(uptime=uptime, counts=counts)


def _series(names: Any) -> Series:
    if len(names) != len(Series._fields) or not all(isinstance(one, str) for one in names):
        raise ValueError(f"these do not name a series: {names!r:.200}")
    return Series(*names)


def _bins(listed: Any) -> Bins:
    if len(listed) > _MOST_BINS:
        raise ValueError(f"{len(listed)} bins are more than a histogram has")
    return {(_amount(lower), _amount(upper)): _amount(count) for lower, upper, count in listed}


def _amount(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e18:  # noqa: PLR2004
        raise ValueError(f"this is no amount: {value!r:.80}")
    return float(value)
