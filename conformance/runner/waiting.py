"""The one place that waits: for a condition to hold steadily, under a deadline.

Waiting is not measuring: what is asked here is thrown away, and what is measured afterwards is never repeated.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

_PAUSE = timedelta(milliseconds=2)
"""Between two askings. A guess: short against the window, long against a busy loop."""


_LONGEST_PATIENCE = timedelta(seconds=5)
"""How long an agreement that came late must last at most, if the window is shorter. A guess: a mesh whose proxies lie
further apart than this says so by its profile's window."""


class Clock(Protocol):
    """Time, so that tests need not wait for it."""

    def now(self) -> float:
        """Seconds on a clock that never jumps."""

    def sleep(self, pause: timedelta) -> None:
        """Let *pause* go by."""

    def date(self) -> datetime:
        """Say which moment this is, for what others date."""


class SystemClock:
    """The machine's own time."""

    def now(self) -> float:
        """Seconds since some moment."""
        return time.monotonic()

    def sleep(self, pause: timedelta) -> None:
        """Sleep."""
        time.sleep(pause.total_seconds())

    def date(self) -> datetime:
        """Ask the machine."""
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """How a wait ended."""

    held: bool
    """Whether the condition held without a break for the whole window before the deadline."""
    took: timedelta
    """From the start to the end of the wait, the window included."""
    missing: str
    """What was not yet true when it was last asked and did not hold; empty when it always held."""


NO_WAIT = Wait(held=True, took=timedelta(0), missing="")
"""Of what needs no waiting for."""


def await_agreement(
    missing: Callable[[], str],
    *,
    window: timedelta,
    deadline: timedelta,
    clock: Clock,
    as_long_as_it_took: bool = False,
) -> Wait:
    """Ask until the answer has been "nothing is missing" for *window* without a break, at least twice.

    Args:
        missing: Asks once and says what is not yet true; an empty text means that all agrees.
        window: How long the agreement must last at least.
        as_long_as_it_took: Whether it must last as long as it took to come, too, up to 5 s. A mesh that hands a
            change out in pieces may need as long for the last of them as it needed for the first.
        deadline: Longest wait in all. An agreement that began before it may complete its window after it.
        clock: Where time comes from.
    """
    start, patience = clock.now(), _LONGEST_PATIENCE.total_seconds() * as_long_as_it_took
    agreed_since: float | None = None
    needed = 0.0
    last_missing = ""
    while True:
        asked_at = clock.now()
        answer = missing()
        now = clock.now()
        if answer:
            agreed_since, last_missing = None, answer
        elif agreed_since is None:
            agreed_since, needed = asked_at, max(window.total_seconds(), min(asked_at - start, patience))
        elif now - agreed_since >= needed:
            return Wait(held=True, took=timedelta(seconds=now - start), missing=last_missing)
        if agreed_since is None and now - start >= deadline.total_seconds():
            return Wait(held=False, took=timedelta(seconds=now - start), missing=last_missing)
        clock.sleep(_PAUSE)
