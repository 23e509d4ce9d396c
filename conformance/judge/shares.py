"""Compares who answered many like calls with the shares that a split gives.

The test is sequential: it looks after each batch and ends as soon as it is sure. Nothing is measured again
until it passes; all calls of all batches count, and the error rates hold for the whole. docs/statistics.md
has the proof.
"""

from collections.abc import Iterator
from math import ceil

from conformance.judge.ratio import Decision, RatioTest, alternatives, calls_to_see
from conformance.judge.settings import SplitSettings
from conformance.judge.tally import Sample, Tally
from conformance.judge.verdicts import judgement_of
from conformance.model.expectation import Spread
from conformance.model.verdict import Finding, Judgement, Verdict

_FIRST_BATCH = 1.25
"""Of the calls a test is expected to take: so that most tests end with the first batch or the next. A guess.
"""

_LATER_BATCH = 0.25
"""Likewise. A guess."""


class ShareTest:
    """One split under test: ask `calls_wanted`, send as many, `add` what came of them, until `decided`."""

    def __init__(self, spread: Spread, subject: str, settings: SplitSettings | None = None) -> None:
        """Prepare the test.

        Args:
            spread: What is expected.
            subject: What was called, in words, such as ``here/website:8080``.
            settings: Error rates; the stated defaults if not given.
        """
        self._spread = spread
        self._subject = subject
        self._settings = settings or SplitSettings()
        self._tally = Tally()
        self._tests = _ratio_tests(spread, self._settings)
        self._decisions = dict.fromkeys(self._tests, Decision.OPEN)
        self._stalled = False

    @property
    def calls(self) -> int:
        """How many calls have been sent so far. Unit: calls."""
        return self._tally.sent

    @property
    def is_silent(self) -> bool:
        """Whether nobody has answered, though calls were sent."""
        return bool(self.calls) and not self._tally.answered

    @property
    def decided(self) -> bool:
        """Whether more calls would change nothing, or no more are allowed."""
        return self._stalled or self._has_failed() or self._is_sure() or self.calls >= self._cap()

    def calls_wanted(self) -> int:
        """Say how many calls the next batch should have; 0 when the test is decided. Unit: calls."""
        if self.decided:
            return 0
        expected = max(test.expected_calls() for test in self._tests.values()) if self._tests else 0
        factor = _LATER_BATCH if self.calls else _FIRST_BATCH
        wanted = max(ceil(factor * expected), self._least() - self.calls, 1)
        return min(wanted, self._cap() - self.calls)

    def add(self, sample: Sample) -> None:
        """Add a batch and look at all that has been seen so far."""
        self._tally.add(sample)
        self._stalled = sample.calls <= sample.unsent
        for key, test in self._tests.items():
            if self._decisions[key] is Decision.OPEN:
                self._decisions[key] = test.decide(self._answers(key[0]), self._tally.answered)

    def judgement(self, alive: frozenset[str] | None = None, *, controlled: bool = False) -> Judgement:
        """Say what has been found.

        Args:
            alive: Keys of workloads that answered past the mesh. What is missing of others is no evidence.
            Without
                it, all workloads are taken to be alive, as the cluster says they are ready.
            controlled: Whether calls on this very path got through elsewhere in the scenario. Without that,
            silence
                where silence is right is inconclusive.
        """
        findings = [*self._strangers(), *self._silence(alive, controlled=controlled), *self._contradictions()]
        return judgement_of([*findings, *self._members(alive)])

    def _has_failed(self) -> bool:
        lost = bool(self._tally.unanswered) and not self._spread.may_fail
        return lost or bool(self._foreign()) or Decision.DIFFERS in self._decisions.values()

    def _is_sure(self) -> bool:
        agreed = all(decision is Decision.AGREES for decision in self._decisions.values())
        return agreed and self.calls >= self._least()

    def _least(self) -> int:
        """Send at least enough to have seen whoever must be, and whoever must not be."""
        return calls_to_see(self._settings.leak, self._settings.beta / max(1, len(self._required())))

    def _cap(self) -> int:
        fixed = max((test.fixed_calls() for test in self._tests.values()), default=0)
        return max(ceil(self._settings.patience * fixed), self._least())

    def _required(self) -> frozenset[str]:
        return self._spread.among if self._spread.required is None else self._spread.required

    def _foreign(self) -> dict[str, int]:
        return {key: count for key, count in self._tally.reached().items() if key not in self._spread.among}

    def _strangers(self) -> Iterator[Finding]:
        for key, count in self._foreign().items():
            yield self._finding(
                Verdict.FAILED,
                f"{key} at {self._subject}",
                f"{key} receives 0 of {self.calls} calls",
                f"it received {count} of {self.calls}",
            )

    def _silence(self, alive: frozenset[str] | None, *, controlled: bool) -> Iterator[Finding]:
        if self._stalled:
            yield self._lost(Verdict.ERRORED, "no call of the last batch could be begun in time")
        elif not self.calls:
            yield self._lost(Verdict.ERRORED, "no call was sent")
        elif not self._tally.answered and self._spread.may_fail:
            verdict = Verdict.PASSED if controlled else Verdict.INCONCLUSIVE
            note = (
                "elsewhere in the scenario this path carries calls"
                if controlled
                else "no control shows that it can"
            )
            yield self._lost(verdict, f"nobody answered; {note}")
        elif self._tally.unanswered and not self._spread.may_fail:
            words = f"{self._tally.unanswered} of {self.calls} calls were answered by nobody"
            yield self._lost(*self._unless_dead(Verdict.FAILED, words, alive))

    def _lost(self, verdict: Verdict, observed: str) -> Finding:
        expected = "calls may go unanswered" if self._spread.may_fail else "every call is answered"
        return self._finding(verdict, f"calls to {self._subject}", expected, observed)

    def _contradictions(self) -> Iterator[Finding]:
        words = self._tally.disagreements()
        if self._tally.contradictions:
            words.append(f"{self._tally.contradictions} answers lack a receipt or calls arrived twice")
        if words:
            yield self._finding(
                Verdict.INCONCLUSIVE,
                f"receipts of {self._subject}",
                "each answer has one receipt, and the reverse",
                "; ".join(words),
            )

    def _members(self, alive: frozenset[str] | None) -> Iterator[Finding]:
        if self._spread.shares is None:
            yield from (self._seen(key, alive) for key in sorted(self._required()))
            if not self._required() and self._tally.answered:
                yield self._recorded()
            return
        yield from (self._share(key, alive) for key in sorted(self._spread.shares))

    def _seen(self, key: str, alive: frozenset[str] | None) -> Finding:
        hits = self._tally.answers[key]
        missed = Verdict.FAILED if self.calls >= self._least() else Verdict.INCONCLUSIVE
        verdict, observed = self._unless_dead(
            Verdict.PASSED if hits else missed, f"it answered {hits} of {self.calls}", alive
        )
        return self._finding(verdict, f"{key} at {self._subject}", f"{key} answers some calls", observed)

    def _unless_dead(
        self, verdict: Verdict, observed: str, alive: frozenset[str] | None
    ) -> tuple[Verdict, str]:
        """Blame no mesh for calls that went missing or elsewhere because a workload was down."""
        dead = sorted(self._spread.among - alive) if alive is not None else []
        if verdict is not Verdict.FAILED or not dead:
            return verdict, observed
        return Verdict.ERRORED, f"{observed}; {', '.join(dead)} did not answer past the mesh either"

    def _recorded(self) -> Finding:
        allowed = ", ".join(sorted(self._spread.among))
        counts = ", ".join(f"{key} {count}" for key, count in sorted(self._tally.answers.items()))
        return self._finding(
            Verdict.PASSED,
            f"answers at {self._subject}",
            f"nobody but {allowed} answers; the text leaves the rest open",
            f"recorded, not judged: {counts} of {self.calls}",
        )

    def _share(self, key: str, alive: frozenset[str] | None) -> Finding:
        assert self._spread.shares is not None
        share, hits, calls = self._spread.shares[key], self._answers(key), self._tally.answered
        observed = f"it answered {hits} of {calls} ({hits / calls:.2%})" if calls else "nobody answered"
        verdict, observed = self._unless_dead(self._share_verdict(key), observed, alive)
        if verdict is Verdict.INCONCLUSIVE and calls:
            low, high = _interval(hits, calls, self._settings.alpha)
            observed = f"{observed}; its share lies between {low:.2%} and {high:.2%}, which decides nothing"
        expected = f"{key} answers {float(share):.2%} of the calls"
        return self._finding(verdict, f"share of {key} at {self._subject}", expected, observed)

    def _answers(self, key: str) -> int:
        return sum(self._tally.answers[one] for one in self._spread.workloads_of(key))

    def _share_verdict(self, key: str) -> Verdict:
        mine = [decision for (one, _), decision in self._decisions.items() if one == key]
        if Decision.DIFFERS in mine:
            return Verdict.FAILED
        enough = self._tally.answered > 0 and self.calls >= self._least()
        return Verdict.INCONCLUSIVE if Decision.OPEN in mine or not enough else Verdict.PASSED

    def _finding(self, verdict: Verdict, subject: str, expected: str, observed: str) -> Finding:
        return Finding(
            verdict=verdict,
            subject=subject,
            expected=expected,
            observed=observed,
            because=self._spread.because,
            statistics=self._statistics(),
        )

    def _statistics(self) -> str:
        settings, calls = self._settings, self._tally.answered
        unseen = f"who gets {settings.leak:g} of the calls is seen with power {1 - settings.beta:g}"
        if not self._tests:
            return f"{unseen}, n = {self.calls}"
        return (
            f"sequential probability ratio tests of {len(self._spread.shares or ())} shares: "
            f"alpha = {settings.alpha:g} for all together, power {1 - settings.beta:g} against a share "
            f"that is {settings.distance:g} or {settings.fold:g}-fold off, n = {calls}; {unseen}"
        )


_TestKey = tuple[str, str]
"""A share's key and ``below`` or ``above``."""


def _ratio_tests(spread: Spread, settings: SplitSettings) -> dict[_TestKey, RatioTest]:
    """Test every share on both sides; the error rate alpha is divided among all these tests."""
    shares = {key: float(share) for key, share in (spread.shares or {}).items() if share < 1}
    alpha = settings.alpha / (2 * max(1, len(shares)))
    tests: dict[_TestKey, RatioTest] = {}
    for key, share in shares.items():
        for side, other in zip(
            ("below", "above"), alternatives(share, settings.distance, settings.fold), strict=True
        ):
            tests[key, side] = RatioTest(expected=share, alternative=other, alpha=alpha, beta=settings.beta)
    return tests


def _interval(hits: int, calls: int, alpha: float) -> tuple[float, float]:
    """Give the exact (Clopper-Pearson) interval of a share at confidence 1 - alpha, as fractions."""
    from scipy.stats import binomtest  # takes longer to import than the whole suite, and is rarely needed

    interval = binomtest(hits, calls).proportion_ci(confidence_level=1 - alpha, method="exact")
    return float(interval.low), float(interval.high)
