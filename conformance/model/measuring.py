"""What a scenario does about metrics: traffic that it drives, and what it then reads of the metrics API."""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from conformance.model.traffic import Cell


class Aspect(Enum):
    """What one reading is asked about, so that one slip fails one requirement and not all of them."""

    STATUS = "status"
    """The HTTP status: 200, or one of those that the reading names."""
    REFUSAL = "refusal"
    """That a refusal is a Kubernetes ``Status``."""
    SHAPE = "shape"
    """That everything has the form that the document gives it, and that the object is the one asked for."""
    NAMES = "names"
    """That all five metrics are there."""
    COUNTS = "counts"
    """That successes and failures are the calls that both ends saw within the window."""
    ORDER = "order"
    """That percentiles do not fall, and that nothing is negative."""
    LATENCY = "latency"
    """That percentiles, read with their unit, are the response times that both ends saw."""
    TRAIL = "trail"
    """That counts leave together with the window that is said: read again and again until the traffic is old."""
    WINDOW = "window"
    """That timestamp and window say a span that ends now."""
    IDLE = "idle"
    """That nothing is invented where there was no traffic."""
    PERSPECTIVE = "perspective"
    """That an object's figures are those of the traffic it receives: from, server, nobody in particular."""
    RESOURCE = "resource"
    """That a list says what it is a list of."""
    MEMBERS = "members"
    """That a list has the objects that it should have, each once, and no others."""
    SELECTOR = "selector"
    """That a filtered list shows the selector."""
    PEERS = "peers"
    """That the edges are those of traffic that was seen: nobody is missing, and nobody is made up."""
    DIRECTION = "direction"
    """That ``to`` is whom the object called, and ``from`` who called it."""
    SIDE = "side"
    """That an edge says where it was measured."""
    KINDS = "kinds"
    """That an edge's peer is of the object's own kind."""
    SUM = "sum"
    """That parts add up: edges to what the object received, pods to what owns them."""
    ENDS = "ends"
    """That an edge has the same figures when it is read from its other end."""
    BACKENDS = "backends"
    """That a split has one item per backend, with its root, its name and its weight."""
    ENTRIES = "entries"
    """That discovery describes each resource rightly."""
    SERVED = "served"
    """That what discovery lists is served, and nothing else is."""
    FULL_SET = "full-set"
    """That all eleven resources are there."""
    REGISTERED = "registered"
    """That the API is one of the API server's own, and is available."""


class Reading(Enum):
    """What is read."""

    GET = "get"
    """One object."""
    LIST = "list"
    """All objects of a resource."""
    EDGES = "edges"
    """All edges of one object."""
    DISCOVERY = "discovery"
    """The version's list of resources, the group, or the APIService."""
    PATH = "path"
    """Some path below the version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drive:
    """Like calls from one workload to one place, some of which the application answers otherwise or later."""

    cell: Cell
    """Who calls whom, with what."""
    calls: int
    answers: tuple[tuple[int, int], ...] = ()
    """Pairs of a status and how many calls the application answers with it; all others with 200."""
    delays: tuple[tuple[timedelta, int], ...] = ()
    """Pairs of a time and how many calls the application answers so late; all others at once."""
    delays_at: str = ""
    """Key of the only workload that is late, where several may answer; empty where whoever answers is."""
    unanswered: int = 0
    """How many calls the application takes and cuts off. Unit: calls."""
    connections: int = 4
    """Over how many connections at a time. Unit: connections."""
    keep_alive: bool = False
    """Whether a connection carries more than one call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """An account of its own that reads, and what it may read."""

    name: str
    namespace: str
    """Where the account lives and its Role counts; symbolic until it is rendered."""
    resources: tuple[str, ...]
    """Of ``metrics.smi-spec.io``, such as ``pods`` or ``pods/edges``. None at all is an answer too."""
    verbs: tuple[str, ...] = ("get", "list")
    """What may be done with them."""
    names: tuple[str, ...] = ()
    """The only objects with which it may be done; empty for all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One reading of the metrics API. Names are symbolic until it is rendered; a pod is named by its workload."""

    reading: Reading
    about: tuple[Aspect, ...]
    resource: str = ""
    """Plural, such as ``pods``."""
    name: str = ""
    """Of the object; for a pod, a ReplicaSet or a node: of its workload."""
    namespace: str = ""
    """Empty for all, and for what is not namespaced."""
    selector: str = ""
    """A label selector, as it goes into the query."""
    query: tuple[tuple[str, str], ...] = ()
    """What else stands in the query of a list."""
    path: str = ""
    """For `Reading.PATH`, below the version; for `Reading.DISCOVERY` what of it."""
    method: str = "GET"
    reader: Reader | None = None
    """Whose eyes see it; None means the suite's own."""
    statuses: tuple[int, ...] = (200,)
    """What may be answered."""
    is_unknown: bool = False
    """Whether *name* names nobody and is taken to the letter."""

    @property
    def is_refused(self) -> bool:
        """Whether no answer but a refusal is right."""
        return all(status >= 400 for status in self.statuses)  # noqa: PLR2004  # where refusals begin

    def __str__(self) -> str:
        place = f" in {self.namespace}" if self.namespace else ""
        query = " ".join(f"{name}={value}" for name, value in self.query)
        what = " ".join(part for part in (self.resource, self.name, self.path, self.selector, query) if part)
        who = f" as {self.reader.name}" if self.reader else ""
        method = "" if self.method == "GET" else f"{self.method} "
        return f"{method}{self.reading.value} {what}{place}{who}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsProbe:
    """Drive traffic after a quiet span, wait until it has to show, and read once."""

    drives: tuple[Drive, ...]
    reads: tuple[Read, ...]
