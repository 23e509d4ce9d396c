"""Turns cells into calls, has them sent, and brings back what both ends saw."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from conformance.judge import DrivenCall
from conformance.model.measuring import Drive
from conformance.model.scenario import SplitProbe
from conformance.model.traffic import Call, Cell, Receipt, Target, TrafficPlan, Witnessed
from conformance.probe.prober import Prober
from conformance.probe.sample import ShareSample
from conformance.runner.addresses import Addresses
from conformance.runner.driving import Driven, wishes_of
from conformance.runner.waiting import Clock

_DRIVING_TIMEOUT = timedelta(seconds=10)
"""Longest wait for the answer to a driven call, which may be told to come late."""

_SAMPLING_TIMEOUT = timedelta(seconds=5)
"""Shortest wait for an answer where many are sent at once: each of them counts, and they queue. A guess."""

_CONNECTIONS = 4
"""Over how many connections the calls of one plan go at a time: more than one, so that no single one decides."""


class Caller:
    """Sends traffic in one world."""

    def __init__(self, prober: Prober, addresses: Addresses, prefix: str, clock: Clock) -> None:
        self._prober = prober
        self._clock = clock
        self.last_sent = clock.date()
        """When this world's latest call had ended; its beginning where there was none."""
        self._addresses = addresses
        self._prefix = prefix
        self._numbers = itertools.count(1)

    def ask(  # noqa: PLR0913  every one is part of what is asked
        self,
        cells: Sequence[Cell],
        receivers: Iterable[str],
        *,
        repeat: int,
        timeout: timedelta,
        tasting: bool = False,
        keep_alive: bool = False,
    ) -> tuple[Witnessed, ...]:
        """Send every cell's request *repeat* times, interleaved, and collect both ends' view of each.

        Args:
            cells: What to ask.
            receivers: Keys of all workloads that may have received a call.
            repeat: How often each cell is asked. Unit: calls.
            timeout: Longest wait for one answer.
            tasting: Whether the answers only end a wait, and decide nothing.
            keep_alive: Whether a source's calls to one port follow each other on one connection, anew each time.
        """
        if keep_alive:
            rounds = [self._ask_in_a_row(cells, receivers, timeout, tasting=tasting) for _ in range(repeat)]
            return tuple(itertools.chain.from_iterable(rounds))
        asked = [(cell, self._call(cell)) for _ in range(repeat) for cell in cells]
        return self._sent(asked, self._plans(asked, timeout), receivers, tasting=tasting)

    def _ask_in_a_row(
        self, cells: Sequence[Cell], receivers: Iterable[str], timeout: timedelta, *, tasting: bool
    ) -> tuple[Witnessed, ...]:
        asked = [(cell, self._call(cell)) for cell in cells]
        plans = self._plans(asked, timeout, connections=1, keep_alive=True)
        return self._sent(asked, plans, receivers, tasting=tasting)

    def drive(self, drives: Sequence[Drive], receivers: Iterable[str]) -> Driven:
        """Send every call of *drives* once, all sources at the same time, and keep the books."""
        wishes = wishes_of(drives)
        asked = [(wish.request, self._call(wish.request)) for wish in wishes]
        connections = max(one.connections for one in drives)
        keep_alive = any(one.keep_alive for one in drives)
        plans = self._plans(asked, _DRIVING_TIMEOUT, connections=connections, keep_alive=keep_alive)
        begun = self._clock.date()
        witnessed = self._sent(asked, plans, receivers, tasting=False)
        calls = tuple(
            DrivenCall(
                cell=wish.cell,
                witnessed=one,
                status=wish.status,
                delay=wish.delay,
                delay_at=wish.delay_at,
            )
            for wish, one in zip(wishes, witnessed, strict=True)
        )
        return Driven(calls=calls, begun=begun, ended=self.last_sent)

    def late(self, receivers: Iterable[str]) -> Mapping[str, tuple[Receipt, ...]]:
        """Gather receipts, by call id, that came after their calls were asked about and found unanswered."""
        return self._prober.late(receivers)

    def sample(
        self, probe: SplitProbe, receivers: Iterable[str], *, calls: int, timeout: timedelta
    ) -> ShareSample:
        """Send one request *calls* times to a Service and count who answered.

        Args:
            probe: What is sent, where.
            receivers: Keys of all workloads that may have received a call.
            calls: How many.
            timeout: Longest wait for one answer; a mesh that takes long for each is given more than the usual.
        """
        target = Target(name=probe.service, port=probe.port, form=probe.form)
        sample = self._prober.shares(
            probe.source,
            host=self._addresses.host(probe.source, target),
            port=probe.port,
            request=probe.request,
            calls=calls,
            connections=probe.connections,
            receivers=receivers,
            timeout=max(timeout, _SAMPLING_TIMEOUT),
        )
        self.last_sent = self._clock.date()
        return sample

    def _sent(
        self,
        asked: Sequence[tuple[Cell, Call]],
        plans: Mapping[str, TrafficPlan],
        receivers: Iterable[str],
        *,
        tasting: bool,
    ) -> tuple[Witnessed, ...]:
        seen = self._prober.send(plans, receivers, tasting=tasting)
        self.last_sent = self._clock.date()
        return tuple(
            Witnessed(call=call, cell=cell, observation=seen[call.id][0], receipts=tuple(seen[call.id][1]))
            for cell, call in asked
        )

    def _call(self, cell: Cell) -> Call:
        return Call(
            id=f"{self._prefix}.{next(self._numbers):x}",
            host=self._addresses.host(cell.source, cell.target),
            port=cell.target.port,
            request=cell.request,
        )

    @staticmethod
    def _plans(
        asked: Sequence[tuple[Cell, Call]],
        timeout: timedelta,
        *,
        connections: int = _CONNECTIONS,
        keep_alive: bool = False,
    ) -> dict[str, TrafficPlan]:
        by_source: dict[str, list[Call]] = {}
        for cell, call in asked:
            by_source.setdefault(cell.source, []).append(call)
        return {
            source: TrafficPlan(
                calls=tuple(calls), connections=connections, keep_alive=keep_alive, timeout=timeout
            )
            for source, calls in by_source.items()
        }
