"""A Prometheus that scrapes the sidecars, as the source of a metrics API: it remembers what this process need not.

Two moments are read and compared, as a history's rounds are. PromQL's own ``increase`` and ``rate`` would not do:
they extrapolate, and lose what a series had counted by its first scrape, such as the first failure of its kind.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from conformance.refmesh.metrics.asking_prometheus import AskingSettings, PrometheusApi
from conformance.refmesh.metrics.comparing import Difference, compared, totals_of, unknown_at
from conformance.refmesh.metrics.inventory import Inventory
from conformance.refmesh.metrics.scraped import (
    COUNTS_QUERY,
    SCRAPES_QUERY,
    Moment,
    Row,
    first_scrapes_query,
    read_first_scrapes,
    read_moment,
)
from conformance.refmesh.metrics.source import Sampled, SilentSourceError
from conformance.refmesh.metrics.traffic import Traffic

_Found = TypeVar("_Found")

_TRIES = 4
"""How often another beginning of the window is looked for. A guess: each try is a small question."""
_BEFORE = timedelta(milliseconds=1)
"""Prometheus' clock knows nothing shorter."""


class PrometheusSource:
    """A `TrafficSource`: what a Prometheus has scraped. Safe to use from several threads.

    Args:
        url: Where it is, such as ``http://prometheus.monitoring:9090``.
        window: What figures cover, where scrapes reach back so far; two scrapes at least.
        trust_domain: Of the certificates that callers show.
        fresh: How long an answer, or the lack of one, is good for whoever asks next.
        settings: How it is asked.

    Raises:
        UsageError: The URL is none that can be asked.
    """

    def __init__(
        self,
        url: str,
        window: timedelta,
        *,
        trust_domain: str = "cluster.local",
        fresh: timedelta = timedelta(seconds=1),
        settings: AskingSettings | None = None,
    ) -> None:
        self._api = PrometheusApi(url, settings)
        self._sampled = Sampled(_Counts(self._api, window, fresh), trust_domain)

    def traffic(self, inventory: Inventory) -> Traffic | None:
        """Say what the last window has brought.

        Raises:
            SilentSourceError: It cannot be asked, or has no sidecar.
        """
        return self._sampled.traffic(inventory)

    def since_start(self, inventory: Inventory) -> Traffic:
        """Say what was counted since sidecars started.

        Raises:
            SilentSourceError: It cannot be asked, or has no sidecar.
        """
        return self._sampled.since_start(inventory)

    def close(self) -> None:
        """Close its connections."""
        self._api.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What was found out at one time."""

    until: float
    """When it is too old, by the monotonic clock."""
    seen: tuple[Difference, Difference] | SilentSourceError
    """Of the window, and since the start."""


class _Counts:
    """What sidecars have counted, asked anew when the last answer is too old."""

    def __init__(
        self,
        api: PrometheusApi,
        window: timedelta,
        fresh: timedelta,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._api = api
        self._window = window
        self._fresh = fresh
        self._clock = clock
        self._lock = threading.Lock()
        self._last: _Look | None = None

    def difference(self) -> Difference:
        """Say what the last window has brought."""
        return self._now()[0]

    def totals(self) -> Difference:
        """Say what was counted since sidecars started."""
        return self._now()[1]

    def _now(self) -> tuple[Difference, Difference]:
        """Ask, but once for all who ask at the same time; nobody waits twice for one who does not answer."""
        with self._lock:
            if self._last is None or self._clock() >= self._last.until:
                seen = self._asked()
                self._last = _Look(until=self._clock() + self._fresh.total_seconds(), seen=seen)
            found = self._last.seen
        if isinstance(found, SilentSourceError):
            raise SilentSourceError(found.what, found.where, found.hint)
        return found

    def _asked(self) -> tuple[Difference, Difference] | SilentSourceError:
        try:
            newest = self._moment(COUNTS_QUERY)
            if not newest.scrapes:
                what = "the source of metrics has no sidecar: no envoy_server_uptime was scraped"
                hint = "have it scrape each sidecar's /stats/prometheus, as docs/reference-mesh.md says"
                return SilentSourceError(what, self._api.where, hint)
            return self._since(newest), totals_of(newest.as_round())
        except SilentSourceError as problem:
            return problem

    def _since(self, newest: Moment) -> Difference:
        begin = self._beginning(newest)
        now = newest.as_round()
        if begin is None:
            return Difference(at=now.at, span=timedelta(0), counts={})
        return compared((self._moment(COUNTS_QUERY, begin).as_round(newest.scrapes), now))

    def _beginning(self, newest: Moment) -> datetime | None:
        """Find where the window can begin: every sidecar was known by then, and was scraped again since.

        None when there is no such time yet.
        """
        now, begin = newest.as_round(), newest.asked - self._window
        for _ in range(_TRIES):
            base = self._moment(SCRAPES_QUERY, begin)
            if late := unknown_at(base.as_round(newest.scrapes), now):
                begin = self._first_known(late, begin, newest.asked)
            elif same := [one.at for name, one in newest.scrapes.items() if _is_same(base, name, one.at)]:
                begin = min(same) - _BEFORE
            else:
                return begin
        return None

    def _first_known(self, late: list[str], begin: datetime, end: datetime) -> datetime:
        """Say when the last of the *late* was scraped for the first time."""
        rows = self._api.query(first_scrapes_query(end - begin), end)
        first = self._read(read_first_scrapes, rows)
        return max((first.get(name, end) for name in late), default=end)

    def _moment(self, query: str, at: datetime | None = None) -> Moment:
        return self._read(read_moment, self._api.query(query, at))

    def _read(self, read: Callable[[Sequence[Row]], _Found], rows: Sequence[Row]) -> _Found:
        try:
            return read(rows)
        except ValueError as problem:
            what = f"the source of metrics does not have what it should: {problem}"
            hint = "scrape each sidecar's counts and uptime together, and relabel both alike"
            raise SilentSourceError(what, self._api.where, hint) from problem


def _is_same(base: Moment, name: str, at: datetime) -> bool:
    return name in base.scrapes and base.scrapes[name].at >= at
