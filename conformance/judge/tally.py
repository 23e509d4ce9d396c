"""What was counted of many like calls, so far."""

from collections import Counter
from collections.abc import Mapping
from typing import Protocol


class Sample(Protocol):
    """One batch of like calls, as both ends counted it."""

    @property
    def calls(self) -> int:
        """How many were to be sent."""

    @property
    def unsent(self) -> int:
        """How many of them were not begun."""

    @property
    def counts(self) -> Mapping[str, int]:
        """Clean answers of applications, per responder's key. Unit: calls."""

    @property
    def receipts(self) -> Mapping[str, int]:
        """Calls that reached an application, per its key. Unit: calls."""

    @property
    def duplicates(self) -> int:
        """Deliveries beyond the first of a call."""

    @property
    def unwitnessed(self) -> int:
        """Clean answers whose responder holds no receipt."""


class Tally:
    """The sum of all samples of one test."""

    def __init__(self) -> None:
        self.sent = 0
        self.answers: Counter[str] = Counter()
        self.receipts: Counter[str] = Counter()
        self.contradictions = 0

    def add(self, sample: Sample) -> None:
        """Add one batch."""
        self.sent += sample.calls - sample.unsent
        self.answers.update(sample.counts)
        self.receipts.update(sample.receipts)
        self.contradictions += sample.duplicates + sample.unwitnessed

    @property
    def answered(self) -> int:
        """How many calls an application answered. Unit: calls."""
        return self.answers.total()

    @property
    def unanswered(self) -> int:
        """How many calls were begun and not answered by an application. Unit: calls."""
        return self.sent - self.answered

    def reached(self) -> dict[str, int]:
        """Say whom calls reached, by either end's account. Unit: calls."""
        keys = self.answers.keys() | self.receipts.keys()
        most = {key: max(self.answers[key], self.receipts[key]) for key in sorted(keys)}
        return {key: count for key, count in most.items() if count}

    def disagreements(self) -> list[str]:
        """Name who answered another number of calls than it received."""
        return [
            f"{key} answered {self.answers[key]} and received {self.receipts[key]}"
            for key in self.reached()
            if self.answers[key] != self.receipts[key]
        ]
