"""Turns cells into calls, has them sent, and brings back what both ends saw."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from conformance.model.scenario import SplitProbe
from conformance.model.traffic import Call, Cell, Receipt, Target, TrafficPlan, Witnessed
from conformance.probe.prober import Prober
from conformance.probe.sample import ShareSample
from conformance.runner.addresses import Addresses

_CONNECTIONS = 4
"""Over how many connections the calls of one plan go at a time: more than one, so that no single one decides."""


class Caller:
    """Sends traffic in one world."""

    def __init__(self, prober: Prober, addresses: Addresses, prefix: str) -> None:
        self._prober = prober
        self._addresses = addresses
        self._prefix = prefix
        self._numbers = itertools.count(1)

    def ask(
        self,
        cells: Sequence[Cell],
        receivers: Iterable[str],
        *,
        repeat: int,
        timeout: timedelta,
        tasting: bool = False,
    ) -> tuple[Witnessed, ...]:
        """Send every cell's request *repeat* times, interleaved, and collect both ends' view of each.

        Args:
            cells: What to ask.
            receivers: Keys of all workloads that may have received a call.
            repeat: How often each cell is asked. Unit: calls.
            timeout: Longest wait for one answer.
            tasting: Whether the answers only end a wait, and decide nothing.
        """
        asked = [(cell, self._call(cell)) for _ in range(repeat) for cell in cells]
        seen = self._prober.send(self._plans(asked, timeout), receivers, tasting=tasting)
        return tuple(
            Witnessed(call=call, cell=cell, observation=seen[call.id][0], receipts=tuple(seen[call.id][1]))
            for cell, call in asked
        )

    def late(self, receivers: Iterable[str]) -> Mapping[str, tuple[Receipt, ...]]:
        """Gather receipts, by call id, that came after their calls were asked about and found unanswered."""
        return self._prober.late(receivers)

    def sample(self, probe: SplitProbe, receivers: Iterable[str], *, calls: int) -> ShareSample:
        """Send one request *calls* times to a Service and count who answered."""
        target = Target(name=probe.service, port=probe.port, form=probe.form)
        return self._prober.shares(
            probe.source,
            host=self._addresses.host(probe.source, target),
            port=probe.port,
            request=probe.request,
            calls=calls,
            connections=probe.connections,
            receivers=receivers,
        )

    def _call(self, cell: Cell) -> Call:
        return Call(
            id=f"{self._prefix}.{next(self._numbers):x}",
            host=self._addresses.host(cell.source, cell.target),
            port=cell.target.port,
            request=cell.request,
        )

    @staticmethod
    def _plans(asked: Sequence[tuple[Cell, Call]], timeout: timedelta) -> dict[str, TrafficPlan]:
        by_source: dict[str, list[Call]] = {}
        for cell, call in asked:
            by_source.setdefault(cell.source, []).append(call)
        return {
            source: TrafficPlan(calls=tuple(calls), connections=_CONNECTIONS, timeout=timeout)
            for source, calls in by_source.items()
        }
