"""Virtual time."""

from datetime import UTC, datetime, timedelta


class FakeClock:
    """Stands still until somebody sleeps."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        """Seconds since the test began."""
        return self.time

    def sleep(self, pause: timedelta) -> None:
        """Let time jump."""
        self.time += pause.total_seconds()

    def date(self) -> datetime:
        """Begin at noon of some day."""
        return datetime(2026, 1, 1, 12, tzinfo=UTC) + timedelta(seconds=self.time)
