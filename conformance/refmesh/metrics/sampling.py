"""Looks at all sidecars' own counts at regular intervals, and at once where somebody asks."""

import http.client
import logging
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from conformance.refmesh.metrics.comparing import Round
from conformance.refmesh.metrics.history import History
from conformance.refmesh.metrics.reading import Sample
from conformance.refmesh.metrics.stats_page import ADDING_UP, SHOWN, StatsPage

logger = logging.getLogger(__name__)

_FRESH = timedelta(milliseconds=20)
"""How old a look may be for somebody who asks now."""
_MOST_LOOKS = 100  # for one answer


class Sampler:
    """Fills a history from the admin pages of sidecars. Safe to use from several threads.

    Sidecars add their histograms up after each look (`bootstrap` without a flush interval), so that a look tells what
    was true at the look before; whoever asks now has it look twice. That keeps the edges of a window exact, and
    costs nothing between looks. It looks as often while nobody asks: the first window after a rest has to begin where
    a window begins.

    Args:
        history: What is filled.
        sidecars: Gives the address of each sidecar's admin pages, by ``namespace/pod``.
        period: Between two looks; a window's edge is as fine.
    """

    def __init__(
        self, history: History, sidecars: Callable[[], Mapping[str, str]], period: timedelta
    ) -> None:
        self._history = history
        self._sidecars = sidecars
        self._period = period
        self._pages: dict[str, StatsPage] = {}
        self._looked_at: datetime | None = None
        self._known_at: datetime | None = None
        self._looking = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="metrics sampler", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self) -> None:
        """Stop looking. Safe to call twice."""
        self._stopped.set()
        if self._thread.ident is not None:
            self._thread.join()
        with self._looking:
            for page in self._pages.values():
                page.close()
            self._pages.clear()

    def refresh(self) -> None:
        """Look now, unless that was done just now."""
        asked_at = datetime.now(UTC)
        with self._looking:
            # Who waited for somebody else's look has no need of another: it began after they had asked.
            is_fresh = self._known_at is not None and asked_at - self._known_at <= _FRESH
            if not is_fresh and not self._stopped.is_set():
                self._look_until_shown()

    def _run(self) -> None:
        while not self._stopped.wait(self._period.total_seconds()):
            with self._looking:
                if not self._stopped.is_set():
                    before = self._looked_at
                    self._take(before, self._look())

    def _look_until_shown(self) -> None:
        """Look again while a sidecar still adds up what it had counted at the first look."""
        before, wanted = self._looked_at, {page: page.turns + SHOWN for page in self._pages.values()}
        self._take(before, self._look())
        first = self._looked_at
        for _ in range(_MOST_LOOKS):
            time.sleep(ADDING_UP)
            found = self._look()
            late = [
                pod for pod, one in self._pages.items() if one.is_open and one.turns < wanted.get(one, SHOWN)
            ]
            if not late:
                break
        self._take(first, {pod: one for pod, one in found.items() if pod not in late})

    def _look(self) -> Mapping[str, Sample | None]:
        self._looked_at = datetime.now(UTC)
        sidecars = self._sidecars()
        # A pod of a StatefulSet comes back under its name, and may be elsewhere.
        for gone in [pod for pod, page in self._pages.items() if sidecars.get(pod) != page.address]:
            self._pages.pop(gone).close()
        return {pod: self._sample(pod, address) for pod, address in sidecars.items()}

    def _take(self, at: datetime | None, found: Mapping[str, Sample | None]) -> None:
        """Remember what was found as what was true *at* an earlier look."""
        self._known_at = at
        if at:
            samples = {pod: one for pod, one in found.items() if one is not None}
            self._history.take(Round(at=at, samples=samples))

    def _sample(self, pod: str, address: str) -> Sample | None:
        """Ask one sidecar; where it does not answer, what it said last: None when its pod is just coming."""
        if pod not in self._pages:
            self._pages[pod] = StatsPage(address)
        page = self._pages[pod]
        try:
            return page.look()
        except (OSError, http.client.HTTPException, ValueError) as problem:
            logger.debug("no sample of %s: %s", pod, problem)
            page.close()
            return page.unheard()
