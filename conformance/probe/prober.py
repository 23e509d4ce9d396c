"""The suite's end of the channels: has many workloads send at once, and gathers what both ends saw."""

import secrets
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from math import ceil
from typing import Self

from conformance.errors import ProbeError
from conformance.model.traffic import Ending, HttpRequest, Observation, Receipt, TrafficPlan
from conformance.probe.conversations import Conversations, Stream, reading_reply_of
from conformance.probe.messages import (
    Message,
    decode_observation,
    decode_receipts,
    encode_send,
    to_milliseconds,
)
from conformance.probe.sample import ShareSample, combine, merge
from conformance.probe.shares import (
    Burst,
    Tally,
    decode_burst_result,
    decode_tally,
    encode_burst,
)

Seen = tuple[Observation, tuple[Receipt, ...]]
"""One call from both ends: what the caller saw, and every receipt that carries its id."""

SETTLE = timedelta(milliseconds=25)
"""How long a delivery may be under way after its caller's call has ended without an answer.

A caller that was cut off, or that a proxy refused while it sent the call on all the same, ends before the
call arrives. 25 ms is a guess: some ten times what a call through two sidecars takes on one machine.
"""

GRACE = timedelta(seconds=10)
"""How long an app may take beyond what its calls may take; a guess that only an app that hangs should reach.
"""

_NOTHING_SENT = frozenset({Ending.NAME_UNKNOWN, Ending.REFUSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedPorts:
    """What a probe app says it serves."""

    http: tuple[int, ...]
    tcp: tuple[int, ...]


class Prober:
    """Talks to the probe apps. Keeps a channel open per workload; safe to close twice."""

    def __init__(self, open_channel: Callable[[str], Stream], *, settle: timedelta = SETTLE) -> None:
        self._conversations = Conversations(open_channel)
        self._settle = settle
        self._unanswered: list[str] = []
        self._asked_at = time.monotonic()
        self._token = secrets.token_hex(3)
        self._bursts = count()

    def send(
        self, plans: Mapping[str, TrafficPlan], receivers: Iterable[str], *, tasting: bool = False
    ) -> Mapping[str, Seen]:
        """Send all plans at the same time, then gather the receipts of exactly their calls.

        Args:
            plans: What to send, by the key of the workload that sends it.
            receivers: Keys of all workloads that are asked for receipts. Who is not asked may have received.
            tasting: Whether the answer only ends a wait, so that `late` need not ask for these calls again.

        Returns:
            Call id to what both ends saw, in the order of the plans and their calls.

        Raises:
            ProbeError: An app could not be reached, broke its promise, or lost receipts; or two calls share
                an id.
        """
        _check_ids_differ(plans)
        replies = self._conversations.ask(
            {source: encode_send(plan) for source, plan in plans.items()}, _longest(plans.values())
        )
        observations: dict[str, Observation] = {}
        for source, reply in replies.items():
            observations |= _read_observations(source, reply, plans[source])
        receipts = self._collect(list(observations), tuple(receivers))
        if not tasting:
            self._unanswered += filter(None, map(_undelivered, observations.values()))
            self._asked_at = time.monotonic()
        return {id_: (seen, tuple(receipts[id_])) for id_, seen in observations.items()}

    def late(self, receivers: Iterable[str]) -> Mapping[str, tuple[Receipt, ...]]:
        """Gather receipts that came late, of all calls since the last time that nobody answered.

        Waits until none can be under way any more. The later it is asked, the less is left to wait for.

        Args:
            receivers: Keys of all workloads that are asked for receipts.

        Returns:
            Call id to receipts; a call without late ones is absent.

        Raises:
            ProbeError: An app could not be reached, or lost receipts.
        """
        ids, self._unanswered = self._unanswered, []
        if not ids:
            return {}
        time.sleep(max(0.0, self._asked_at + self._settle.total_seconds() - time.monotonic()))
        return {id_: tuple(found) for id_, found in self._collect(ids, tuple(receivers)).items()}

    def shares(  # noqa: PLR0913  every one is part of what is sampled
        self,
        source: str,
        *,
        host: str,
        port: int,
        request: HttpRequest,
        calls: int,
        receivers: Iterable[str],
        connections: int = 8,
        timeout: timedelta = timedelta(seconds=5),
        limit: timedelta = timedelta(seconds=60),
    ) -> ShareSample:
        """Send equal calls as fast as the way carries them, and count who answered and who received.

        Args:
            source: Key of the calling workload.
            host: What the caller asks its resolver for.
            port: The port that is called.
            request: The request; it gets the ids of this burst.
            calls: How many.
            receivers: Keys of all workloads that are asked what they received.
            connections: Kept-alive connections with one call in flight each.
            timeout: Longest wait for one answer.
            limit: When no more calls are begun; those left over are `ShareSample.unsent`.

        Raises:
            ProbeError: An app could not be reached, or broke its promise.
        """
        burst = Burst(
            prefix=f"burst-{self._token}-{next(self._bursts)}",
            host=host,
            port=port,
            request=request,
            calls=calls,
            connections=connections,
            timeout=timeout,
            limit=limit,
        )
        reply = self._ask_one(source, encode_burst(burst), limit + timeout + GRACE)
        with reading_reply_of(source):
            result = decode_burst_result(reply)
        tallies = self._tallies(burst.prefix, tuple(receivers), is_late=bool(result.others))
        return combine(result, tallies)

    def ping(self, workload: str) -> ServedPorts:
        """Ask an app whether it is there and who it is.

        Raises:
            ProbeError: It is not there, or the channel leads to another workload.
        """
        reply = self._ask_one(workload, {"op": "ping"}, GRACE)
        with reading_reply_of(workload):
            who, ports = reply["workload"], ServedPorts(http=tuple(reply["http"]), tcp=tuple(reply["tcp"]))
        if who != workload:
            raise ProbeError(
                f"the app at the channel's end says it is {who!r}",
                f"workload {workload}",
                "check SMI_WORKLOAD of its pod",
            )
        return ports

    def self_call(
        self, workload: str, *, timeout: timedelta = timedelta(seconds=2)
    ) -> Mapping[int, Observation]:
        """Have an app call each of its own ports past the mesh: shows that the application itself is alive.

        Returns:
            Port to what came of it; empty for an app that serves none.

        Raises:
            ProbeError: The app could not be reached, or broke its promise.
        """
        reply = self._ask_one(
            workload, {"op": "self_call", "timeout_ms": to_milliseconds(timeout)}, timeout + GRACE
        )
        with reading_reply_of(workload):
            seen = [decode_observation(raw) for raw in reply["observations"]]
            return {int(one.call_id.removeprefix("port:")): one for one in seen}

    def strays(self, receivers: Iterable[str]) -> Mapping[str, tuple[Receipt, ...]]:
        """Gather what reached workloads without a call id, such as the half of a line; it is forgotten there.

        Raises:
            ProbeError: An app could not be reached, or lost receipts.
        """
        return self._ask_receipts([""], tuple(receivers))

    def reset(self, workloads: Iterable[str]) -> None:
        """Have workloads forget every receipt.

        Raises:
            ProbeError: An app could not be reached.
        """
        self._conversations.ask({workload: {"op": "reset"} for workload in workloads}, GRACE)

    def hang_up(self, workloads: Iterable[str]) -> None:
        """Let go of the channels to workloads whose pods are to go; their receipts go with them."""
        for workload in workloads:
            self._conversations.drop(workload)

    def close(self) -> None:
        """Let go of all channels, and of what was not answered; the apps go on."""
        self._unanswered = []
        self._conversations.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _ask_one(self, workload: str, message: Message, timeout: timedelta) -> Message:
        return self._conversations.ask({workload: message}, timeout)[workload]

    def _collect(self, ids: list[str], receivers: tuple[str, ...]) -> Mapping[str, list[Receipt]]:
        gathered: dict[str, list[Receipt]] = defaultdict(list)
        for receipts in self._ask_receipts(ids, receivers).values():
            for receipt in receipts:
                gathered[receipt.call_id].append(receipt)
        return gathered

    def _ask_receipts(self, ids: list[str], receivers: tuple[str, ...]) -> Mapping[str, tuple[Receipt, ...]]:
        message = {"op": "receipts", "ids": ids}
        replies = self._conversations.ask(dict.fromkeys(receivers, message), GRACE)
        found: dict[str, tuple[Receipt, ...]] = {}
        for workload, reply in replies.items():
            with reading_reply_of(workload):
                found[workload], dropped = decode_receipts(reply), int(reply["dropped"])
            if dropped:
                self.reset([workload])
                raise _lost(workload, dropped)
        return found

    def _tallies(self, prefix: str, receivers: tuple[str, ...], *, is_late: bool) -> Mapping[str, Tally]:
        tallies = self._ask_tallies(prefix, receivers)
        if not is_late:
            return tallies
        time.sleep(self._settle.total_seconds())  # nothing tells that no delivery is under way
        late = self._ask_tallies(prefix, receivers)
        return {key: merge(tallies[key], late[key]) for key in receivers}

    def _ask_tallies(self, prefix: str, receivers: tuple[str, ...]) -> Mapping[str, Tally]:
        message = {"op": "receipt_counts", "prefix": prefix}
        replies = self._conversations.ask(dict.fromkeys(receivers, message), GRACE)
        tallies: dict[str, Tally] = {}
        for workload, reply in replies.items():
            with reading_reply_of(workload):
                tallies[workload] = decode_tally(reply)
        return tallies


def _undelivered(seen: Observation) -> str:
    """Name a call that may still be delivered, though its caller has seen the end of it."""
    return "" if seen.responder is not None or seen.ending in _NOTHING_SENT else seen.call_id


def _longest(plans: Iterable[TrafficPlan]) -> timedelta:
    """Say how long the slowest plan may take if every call of it times out."""
    spans = [plan.timeout * ceil(len(plan.calls) / plan.connections) for plan in plans]
    return max(spans, default=timedelta(0)) + GRACE


def _read_observations(source: str, reply: Message, plan: TrafficPlan) -> dict[str, Observation]:
    with reading_reply_of(source):
        seen = {one.call_id: one for one in map(decode_observation, reply["observations"])}
        if list(seen) != [call.id for call in plan.calls]:
            raise ValueError(f"{len(seen)} observations do not fit the {len(plan.calls)} calls of the plan")
    return seen


def _check_ids_differ(plans: Mapping[str, TrafficPlan]) -> None:
    ids: set[str] = set()
    for source, plan in plans.items():
        for call in plan.calls:
            if call.id in ids:
                raise ProbeError(
                    f"two calls have the id {call.id!r}",
                    f"workload {source}",
                    "give every call of a run an id of its own: receipts are told apart by it",
                )
            ids.add(call.id)


def _lost(workload: str, dropped: int) -> ProbeError:
    return ProbeError(
        f"{dropped} receipts were dropped because too many waited to be asked for",
        f"workload {workload}",
        "run again; its receipts have been reset. If it happens again, send smaller plans",
    )
