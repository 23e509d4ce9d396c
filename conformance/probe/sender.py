"""Carries out a traffic plan: every call once, what came of it as raw fact."""

import asyncio
import itertools
from collections import defaultdict
from collections.abc import Iterator
from time import perf_counter

from conformance.model.traffic import Call, HttpRequest, Observation, TrafficPlan
from conformance.probe.endings import observe_failure
from conformance.probe.lanes import HttpLane, Lane, TcpLane
from conformance.probe.resolver import NameUnknownError, NobodyThereError, Place, Resolver, resolve

_Numbered = tuple[int, Call]


async def send(plan: TrafficPlan, resolver: Resolver) -> tuple[Observation, ...]:
    """Send all calls of *plan* and say what came of each, in the plan's order.

    Raises:
        OutOfMeansError: This machine could not send one of them.
    """
    resolver.refresh()
    sending = _Sending(plan, resolver)
    try:
        async with asyncio.TaskGroup() as group:
            for calls in _by_place(plan):
                group.create_task(sending.send_to_one_place(calls))
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from errors
    return tuple(sending.observations[number] for number in range(len(plan.calls)))


class _Sending:
    def __init__(self, plan: TrafficPlan, resolver: Resolver) -> None:
        self._plan = plan
        self._resolver = resolver
        self._timeout = plan.timeout.total_seconds()
        self.observations: dict[int, Observation] = {}

    async def send_to_one_place(self, calls: list[_Numbered]) -> None:
        _, first = calls[0]
        try:
            places = await resolve(self._resolver, first.host, first.port)
        except (NameUnknownError, NobodyThereError) as error:
            self.observations |= {number: observe_failure(call.id, error, 0) for number, call in calls}
            return
        queue, cycle = iter(calls), itertools.cycle(places)
        lanes = [self._lane(first, cycle) for _ in range(min(self._plan.connections, len(calls)))]
        await asyncio.gather(*(self._drive(lane, queue) for lane in lanes))

    def _lane(self, first: Call, places: Iterator[Place]) -> Lane:
        if isinstance(first.request, HttpRequest):
            return HttpLane(places, keep_alive=self._plan.keep_alive)
        return TcpLane(places)

    async def _drive(self, lane: Lane, queue: Iterator[_Numbered]) -> None:
        try:
            for number, call in queue:
                self.observations[number] = await self._attempt(lane, call)
        finally:
            lane.leave()

    async def _attempt(self, lane: Lane, call: Call) -> Observation:
        started = perf_counter()
        try:
            async with asyncio.timeout(self._timeout):
                return await lane.exchange(call)
        except OSError as error:
            lane.leave()
            return observe_failure(call.id, error, perf_counter() - started)


def _by_place(plan: TrafficPlan) -> list[list[_Numbered]]:
    """Group calls by host, port and protocol; each group keeps the plan's order."""
    groups: dict[tuple[str, int, type], list[_Numbered]] = defaultdict(list)
    for number, call in enumerate(plan.calls):
        groups[call.host, call.port, type(call.request)].append((number, call))
    return list(groups.values())
