"""Virtual time."""

from datetime import timedelta


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
