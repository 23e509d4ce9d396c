"""Sequential tests of one share: Wald's probability ratio against one alternative, with bounds that hold
exactly.

docs/statistics.md proves the bounds. Nothing here knows what a backend is.
"""

from dataclasses import dataclass
from enum import Enum
from math import ceil, log, log1p

_HALVINGS = 100


class Decision(Enum):
    """What a sequential test says."""

    AGREES = "agrees"
    """The alternative is ruled out."""
    DIFFERS = "differs"
    """The expected share is ruled out."""
    OPEN = "open"
    """Neither, so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RatioTest:
    """Is the share *expected*, or as far off as *alternative*?"""

    expected: float
    """Above 0 and below 1."""
    alternative: float
    """Above 0, below 1, and not *expected*."""
    alpha: float
    """Largest probability of `Decision.DIFFERS` if the share is *expected*."""
    beta: float
    """Largest probability of `Decision.AGREES` if the share is *alternative*, or beyond."""

    def log_ratio(self, hits: int, calls: int) -> float:
        """Say how much better the alternative explains *hits* of *calls*, as a natural logarithm."""
        missed = log1p(-self.alternative) - log1p(-self.expected)
        return hits * log(self.alternative / self.expected) + (calls - hits) * missed

    def decide(self, hits: int, calls: int) -> Decision:
        """Decide by what has been seen so far; once decided, a later look must not change it."""
        ratio = self.log_ratio(hits, calls)
        if ratio >= -log(self.alpha):
            return Decision.DIFFERS
        return Decision.AGREES if ratio <= log(self.beta) else Decision.OPEN

    def expected_calls(self) -> float:
        """Estimate how many calls it takes to agree if the share is *expected*. Unit: calls."""
        return -log(self.beta) / _divergence(self.expected, self.alternative)

    def fixed_calls(self) -> int:
        """Give a number of calls at which a test of fixed size keeps both error rates. Unit: calls.

        By Chernoff's bound, so on the safe side; the best threshold lies where both bounds need equally
        many calls.
        """
        low, high = self.expected, self.alternative
        for _ in range(_HALVINGS):
            threshold = (low + high) / 2
            if self._calls_for_alpha(threshold) > self._calls_for_beta(threshold):
                low = threshold
            else:
                high = threshold
        return ceil(max(self._calls_for_alpha(high), self._calls_for_beta(low)))

    def _calls_for_alpha(self, threshold: float) -> float:
        return -log(self.alpha) / _divergence(threshold, self.expected)

    def _calls_for_beta(self, threshold: float) -> float:
        return -log(self.beta) / _divergence(threshold, self.alternative)


def _divergence(one: float, other: float) -> float:
    """Give the Kullback-Leibler divergence of two shares. Unit: nats per call."""
    return one * log(one / other) + (1 - one) * (log1p(-one) - log1p(-other))


def alternatives(share: float, distance: float, fold: float) -> tuple[float, float]:
    """Say which shares have to be told from *share*, below and above it; both lie between 0 and 1.

    Args:
        share: The expected share, above 0 and below 1.
        distance: Largest difference, as a fraction.
        fold: Largest factor between a share (or its complement, where that is rarer) and its alternative.
    """
    if share > 1 / 2:
        below, above = alternatives(1 - share, distance, fold)
        return 1 - above, 1 - below
    return max(share - distance, share / fold), min(share + distance, share * fold, (1 + share) / 2)


def calls_to_see(share: float, miss: float) -> int:
    """Say after how many calls somebody with at least *share* was seen, but for probability *miss*. Unit:
    calls.
    """
    return ceil(log(miss) / log1p(-share))
