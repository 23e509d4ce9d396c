"""A prober that asks a function in place of apps and proxies."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import timedelta

from conformance.errors import ProbeError
from conformance.model.traffic import (
    AddressForm,
    Call,
    Ending,
    HttpRequest,
    Observation,
    Receipt,
    TrafficPlan,
)
from conformance.probe.conversations import Stream
from conformance.probe.messages import CUT, DELAY_AT_HEADER, DELAY_HEADER, STATUS_HEADER
from conformance.probe.prober import Prober, Seen, ServedPorts
from conformance.probe.sample import ShareSample
from conformance.tests.doubles.journal import Journal
from conformance.tests.doubles.memory_mesh import MemoryMesh, Shares
from conformance.tests.doubles.memory_metrics import MemoryMetrics, Noted


class MemoryProber(Prober):
    """Notes ``taste`` and ``measure`` with the calls of each asking, ``sample`` with a size, ``ping`` with a key.

    A workload in `dead` receives and answers nothing, not even past the mesh; the pod of one in `gone` cannot
    be reached at all.
    """

    def __init__(self, mesh: MemoryMesh, journal: Journal) -> None:
        super().__init__(_no_channel)
        self.dead: set[str] = set()
        self.gone: set[str] = set()
        self._mesh = mesh
        self._journal = journal
        self._turns: Counter[tuple[str, str]] = Counter()
        self.timeouts: list[timedelta] = []
        """How long each sample waited for an answer."""
        self.connections: list[int] = []
        """Over how many connections each sample went."""
        self.plans: list[TrafficPlan] = []
        """Every plan that was sent."""
        self.metrics: MemoryMetrics | None = None
        """Hears of every call, where there is one."""

    def send(
        self, plans: Mapping[str, TrafficPlan], receivers: Iterable[str], *, tasting: bool = False
    ) -> Mapping[str, Seen]:
        """Ask the mesh's rule about every call."""
        asked = [(source, call) for source, plan in plans.items() for call in plan.calls]
        self._journal.note("taste" if tasting else "measure", tuple(asked))
        self.plans += plans.values()
        for source in plans:
            self._need(source)
        return {call.id: self._seen(source, call) for source, call in asked}

    def late(self, receivers: Iterable[str]) -> Mapping[str, tuple[Receipt, ...]]:
        """Deliver nothing late."""
        return {}

    def shares(
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
        """Share calls out as exactly as whole numbers go."""
        self._journal.note("sample", calls)
        self.connections.append(connections)
        self.timeouts.append(timeout)
        self._need(source)
        shares = self._mesh.rule(source, Call(id="burst", host=host, port=port, request=request))
        counts = _whole({key: share for key, share in shares.items() if key not in self.dead}, calls)
        order = tuple(key for key, number in counts.items() for _ in range(number))
        return ShareSample(
            calls=calls,
            counts=counts,
            order=(*order, *[None] * (calls - len(order))),
            others=(),
            unsent=0,
            receipts=counts,
            duplicates=0,
            unwitnessed=0,
            delivered=0,
            elapsed=timedelta(0),
        )

    def ping(self, workload: str) -> ServedPorts:
        """Answer unless the pod is gone."""
        self._journal.note("ping", workload)
        self._need(workload)
        return ServedPorts(http=(), tcp=())

    def self_call(
        self, workload: str, *, timeout: timedelta = timedelta(seconds=2)
    ) -> Mapping[int, Observation]:
        """Answer on one port unless the app is dead."""
        self._need(workload)
        ending = Ending.REFUSED if workload in self.dead else Ending.ANSWERED
        return {8080: Observation(call_id="port:8080", ending=ending)}

    def close(self) -> None:
        """Hold nothing."""
        self._journal.note("close", "prober")

    def _need(self, workload: str) -> None:
        if workload in self.gone:
            raise ProbeError(f"the pod of {workload} is gone", f"workload {workload}", "read its log")

    def _seen(self, source: str, call: Call) -> Seen:
        seen = self._came_of(source, call)
        if self.metrics is not None:
            self.metrics.calls.append(self._noted(source, call, *seen))
        return seen

    def _noted(self, source: str, call: Call, seen: Observation, receipts: tuple[Receipt, ...]) -> Noted:
        assert self.metrics is not None
        target = self._mesh.target(source, call)
        behind = self._mesh.behind(target)
        return Noted(
            source=source,
            receiver=receipts[0].responder if receipts else behind[0],
            service="" if target.form is AddressForm.POD else target.name,
            status=seen.status or 0,
            took=seen.elapsed.total_seconds(),
            at=self.metrics.now(),
            is_http=isinstance(call.request, HttpRequest),
        )

    def _came_of(self, source: str, call: Call) -> Seen:
        shares = self._mesh.rule(source, call)
        if not shares:
            return Observation(call_id=call.id, ending=Ending.ANSWERED, status=403), ()
        responder = self._turn(source, call, shares)
        if responder in self.dead:
            return Observation(call_id=call.id, ending=Ending.RESET), ()
        wishes = dict(call.request.headers) if isinstance(call.request, HttpRequest) else {}
        if wishes.get(STATUS_HEADER) == CUT:
            return Observation(call_id=call.id, ending=Ending.RESET), (self._receipt(call, responder),)
        late = wishes.get(DELAY_HEADER, 0) if wishes.get(DELAY_AT_HEADER, responder) == responder else 0
        answer = Observation(
            call_id=call.id,
            ending=Ending.ANSWERED,
            status=int(wishes.get(STATUS_HEADER, 200)) if isinstance(call.request, HttpRequest) else None,
            responder=responder,
            echoed_id=call.id,
            elapsed=timedelta(milliseconds=int(late) + 1),
        )
        return answer, (self._receipt(call, responder),)

    @staticmethod
    def _receipt(call: Call, responder: str) -> Receipt:
        return Receipt(call_id=call.id, responder=responder, port=call.port, protocol="http")

    def _turn(self, source: str, call: Call, shares: Shares) -> str:
        """Take those with a share by turns."""
        keys = sorted(key for key, share in shares.items() if share)
        self._turns[source, call.host] += 1
        return keys[self._turns[source, call.host] % len(keys)]


def _whole(shares: Shares, calls: int) -> dict[str, int]:
    """Round shares to calls; what is left over goes to the last."""
    counts = {key: int(share * calls) for key, share in sorted(shares.items())}
    if sum(shares.values()) == 1:
        last = max(counts)
        counts[last] += calls - sum(counts.values())
    return {key: number for key, number in counts.items() if number}


def _no_channel(workload: str) -> Stream:
    raise ProbeError(f"{workload} has no process", "the test", "script the mesh's rule instead")
