"""Traffic: what is sent (requests, calls, plans) and what came of it (observations, receipts, outcomes)."""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """One HTTP request, sent to the letter: nothing tidies its path."""

    method: str = "GET"
    path: str = "/"
    headers: tuple[tuple[str, str], ...] = ()
    """Pairs in the order they are sent; names may repeat. ``host`` overrides the name that was called."""

    def __str__(self) -> str:
        extra = "".join(f" {name}: {value}" for name, value in self.headers)
        return f"{self.method} {self.path}{extra}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpRequest:
    """One raw TCP exchange: a line that is not HTTP goes out, the same line comes back."""

    def __str__(self) -> str:
        return "TCP line"


Request = HttpRequest | TcpRequest


class AddressForm(Enum):
    """How a caller names the place it calls."""

    SERVICE = "service"
    """The Service's fully qualified name, or the mesh's own for it: the form the spec speaks of."""
    SHORT = "short"
    """The Service's bare name, from within its namespace."""
    CLUSTER_IP = "cluster-ip"
    """The Service's virtual address."""
    POD = "pod"
    """The address of one pod, past every Service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The place a call goes to: a Service's or (for `AddressForm.POD`) a workload's key, and a port of it."""

    name: str
    port: int
    form: AddressForm = AddressForm.SERVICE

    def __str__(self) -> str:
        suffix = "" if self.form is AddressForm.SERVICE else f" (by {self.form.value})"
        return f"{self.name}:{self.port}{suffix}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One question of a truth table: may this source send this request to this target?"""

    source: str
    """Key of the calling workload."""
    target: Target
    request: Request

    def __str__(self) -> str:
        return f"{self.source} -> {self.target} {self.request}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call to be sent once. *host* is what the caller asks its resolver for."""

    id: str
    """Unique in a run; the server writes it into its receipt."""
    host: str
    port: int
    request: Request


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficPlan:
    """Calls to send from one workload.

    A finite list. Calls on one connection keep their order.
    """

    calls: tuple[Call, ...]
    connections: int = 1
    """Over how many connections per (host, port) HTTP calls are spread at a time. Unit: connections."""
    keep_alive: bool = False
    """Whether a connection carries more than one HTTP call. A TCP call always has its own."""
    timeout: timedelta = timedelta(seconds=5)
    """Longest wait for one call's answer; a call that ends so has `Ending.TIMED_OUT`."""


class Ending(Enum):
    """How a call ended for the caller, as raw fact."""

    ANSWERED = "answered"
    """A whole HTTP response, or the TCP line, came back."""
    NAME_UNKNOWN = "name-unknown"
    """The name did not resolve; nothing was sent."""
    REFUSED = "refused"
    """Nothing took the connection."""
    RESET = "reset"
    """The connection was cut before a whole answer."""
    CLOSED = "closed"
    """The connection was closed in order, without an answer."""
    TIMED_OUT = "timed-out"
    """No whole answer within the plan's timeout."""
    GARBLED = "garbled"
    """What came back is no HTTP response, or another line than was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What the caller saw of one call: raw facts, no opinion."""

    call_id: str
    ending: Ending
    status: int | None = None
    """HTTP status, where there was one."""
    responder: str | None = None
    """Key of the workload that says it answered; None when no application answered."""
    echoed_id: str | None = None
    """The call id in the application's answer."""
    elapsed: timedelta = timedelta(0)
    detail: str = ""
    """Short text for people: an error's words or the start of a proxy's body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What an application wrote down of one call that reached it."""

    call_id: str
    responder: str
    """Key of the workload that received it."""
    port: int
    protocol: str
    """``http`` or ``tcp``."""
    method: str = ""
    raw_path: str = ""
    headers: tuple[tuple[str, str], ...] = ()


class Outcome(Enum):
    """How one call ended, seen from both ends."""

    ALLOWED = "allowed"
    """The application answered it and holds exactly one receipt for it."""
    DENIED = "denied"
    """No application answer and no receipt, while both ends were alive."""
    DELIVERED = "delivered"
    """The application received it, but the caller did not get its answer."""
    UNREACHABLE = "unreachable"
    """It could not even be tried: the name is unknown."""
    UNKNOWN = "unknown"
    """The two ends contradict each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Witnessed:
    """One call with what both ends saw of it."""

    call: Call
    cell: Cell
    observation: Observation
    receipts: tuple[Receipt, ...]
    """All receipts that carry the call's id, whoever holds them."""
