"""Answers requests for Traffic Metrics, wherever they come from. Knows no HTTP server and no cluster.

Paths follow Kubernetes: ``/RESOURCE`` lists a type, ``/namespaces/NS/RESOURCE`` in one namespace, a name behind it is
one object, and ``/edges`` behind that lists its edges. Whoever calls `MetricsApi.answer` has found out who asks.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus

from conformance.refmesh.metrics import rendering
from conformance.refmesh.metrics.figures import Figures
from conformance.refmesh.metrics.inventory import BY_PLURAL, Inventory, Name, Resource
from conformance.refmesh.metrics.rendering import GROUP, VERSION, Json
from conformance.refmesh.metrics.selectors import (
    FieldSelector,
    Selector,
    fits,
    fits_fields,
    parse_fields,
    parse_selector,
)
from conformance.refmesh.metrics.source import SilentSourceError, TrafficSource
from conformance.refmesh.metrics.traffic import SHORTEST, Side, Tally, Traffic

ROOT = f"/apis/{GROUP}/{VERSION}"
EDGES = "edges"

_TO_ONE = "namespaces"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who asks, as Kubernetes knows people and programs."""

    user: str = ""
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """What else the cluster's ways to log in say of them, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsRequest:
    """One request, by somebody who is known."""

    method: str
    path: str
    """Complete, without the query."""
    query: Mapping[str, str] = field(default_factory=dict)
    asker: Asker = field(default_factory=Asker)


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsAnswer:
    """What is answered."""

    status: int
    body: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What somebody wants to do, in RBAC's words."""

    asker: Asker
    verb: str
    resource: str
    """Plural; with its sub-resource ``pods/edges``. Empty for discovery."""
    namespace: str
    name: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A request that has been understood."""

    resource: Resource
    namespace: str
    """Empty for all, and for what has none."""
    name: str = ""
    """Empty for lists."""
    edges: bool = False
    selector: Selector = ()
    fields: FieldSelector = ()
    is_watch: bool = False
    """Whether changes are wanted and not what there is."""

    @property
    def key(self) -> Name:
        """Name the object that is asked for."""
        return (self.namespace if self.resource.namespaced else "", self.name)


class RefusedError(Exception):
    """A request is answered with a Status."""

    def __init__(self, status: HTTPStatus, reason: str, message: str) -> None:
        super().__init__(message)
        self.answer = MetricsAnswer(status=status, body=rendering.status(status, reason, message))


class MetricsApi:
    """The API ``metrics.smi-spec.io/v1alpha1``. Safe to use from several threads.

    Args:
        source: Where traffic comes from.
        inventory: Gives what there is now.
        may: Says whether somebody may do something.
        silent: Gives the keys of pods whose sidecars do not tell what they count. What they belong to has no figures:
            zeros would say that nobody called.
        clock: Tells the time where nothing has been measured yet.
    """

    def __init__(
        self,
        source: TrafficSource,
        inventory: Callable[[], Inventory],
        may: Callable[[Action], bool],
        silent: Callable[[], frozenset[str]] = frozenset,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._source = source
        self._inventory = inventory
        self._may = may
        self._silent = silent
        self._clock = clock
        self._kept: tuple[Traffic, Inventory, Figures] | None = None

    def answer(self, request: MetricsRequest) -> MetricsAnswer:
        """Answer a request for a path at or below `ROOT`, or for its group."""
        try:
            return self._answer(request)
        except RefusedError as refusal:
            return refusal.answer
        except SilentSourceError as problem:
            words = f"{problem.what}; where: {problem.where}; try: {problem.hint}"
            return RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, "ServiceUnavailable", words).answer

    def _answer(self, request: MetricsRequest) -> MetricsAnswer:
        parts = (
            request.path.removeprefix(ROOT).strip("/").split("/") if request.path.startswith(ROOT) else None
        )
        if parts is None or parts == [""]:
            self._check(request, None)
            _check_method(request)
            return _good(rendering.resource_list() if parts else rendering.api_group())
        question = understood(parts, request)
        self._check(request, question)
        _check_method(request)
        if question.is_watch:
            raise _unwatched(question)
        return _good(self.document(question))

    def prepare(self) -> None:
        """Work out what the newest look at the sidecars brings, so that whoever asks next need not wait for it.

        Raises:
            SilentSourceError: The source of traffic cannot be asked.
        """
        inventory = self._inventory()
        self._figures(self._traffic(inventory), inventory)

    def document(self, question: Question) -> Json:
        """Give what a question is answered with.

        Raises:
            RefusedError: There is no such object, or one of its sidecars does not tell.
            SilentSourceError: The source of traffic cannot be asked.
        """
        inventory = self._inventory()
        if question.name and question.key not in inventory.names(question.resource.plural):
            raise _unknown(question)
        figures = self._figures(self._traffic(inventory), inventory)
        silent = self._without_figures(question.resource, inventory)
        if question.name and (pod := silent.get(question.key)):
            raise _untold(question, pod)
        return Document(
            figures=figures, inventory=inventory, question=question, left_out=frozenset(silent)
        ).written()

    def _without_figures(self, resource: Resource, inventory: Inventory) -> Mapping[Name, str]:
        """Name the objects that a pod belongs to whose sidecar does not tell, each with one such pod."""
        pods = self._silent()
        return {holder: pod for pod in pods for holder in inventory.holders(resource.plural, pod)}

    def _figures(self, traffic: Traffic, inventory: Inventory) -> Figures:
        """Work figures out, once for all that is asked of the same moment."""
        kept = self._kept
        if kept is None or kept[0] is not traffic or kept[1] is not inventory:
            kept = self._kept = traffic, inventory, Figures(traffic, inventory)
        return kept[2]

    def _traffic(self, inventory: Inventory) -> Traffic:
        found = self._source.traffic(inventory)
        return found or Traffic(flows=(), at=self._clock(), span=SHORTEST)

    def _check(self, request: MetricsRequest, question: Question | None) -> None:
        action = _action(request, question)
        if not self._may(action):
            what = f'resource "{action.resource}" in API group "{GROUP}"' if action.resource else action.path
            where = f' in the namespace "{action.namespace}"' if action.namespace else ""
            words = f'User "{action.asker.user}" cannot {action.verb} {what}{where}'
            raise RefusedError(HTTPStatus.FORBIDDEN, "Forbidden", f"{action.resource} is forbidden: {words}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One question with all that it takes to answer it."""

    figures: Figures
    inventory: Inventory
    question: Question
    left_out: frozenset[Name] = frozenset()
    """Objects that a list does not have, since nobody knows their figures."""

    def written(self) -> Json:
        """Write the answer."""
        question = self.question
        if question.edges:
            return self._edges()
        if question.resource.plural == "trafficsplits":
            return self._splits()
        if question.name:
            return self._own(question.key)
        return self._list(self._own(name) for name in self._names())

    def _names(self) -> Iterator[Name]:
        question = self.question
        for name, labels in sorted(self.inventory.names(question.resource.plural).items()):
            is_near = not question.resource.namespaced or question.namespace in {"", name[0]}
            fits_all = fits(question.selector, labels) and fits_fields(question.fields, *name)
            if is_near and name not in self.left_out and fits_all:
                yield name

    def _list(self, items: Iterator[Json]) -> Json:
        question = self.question
        about = rendering.kind_json(question.resource, question.namespace)
        return rendering.metrics_list(about, items, question.selector)

    def _own(self, name: Name) -> Json:
        tally = self.figures.received(self.question.resource.plural).get(name, Tally())
        return self._object(name, rendering.edge("from", Side.SERVER), tally)

    def _edges(self) -> Json:
        question = self.question
        about = rendering.reference(question.resource, question.key)
        if question.resource.plural == "trafficsplits":
            return rendering.metrics_list(about, self._backends(question.key))
        found = self.figures.edges(question.resource.plural, question.key)
        items = [
            self._object(
                question.key,
                rendering.edge(peer.direction, peer.side, rendering.reference(question.resource, peer.name)),
                tally,
            )
            for peer, tally in sorted(found.items(), key=lambda one: (one[0].direction, one[0].name))
        ]
        return rendering.metrics_list(about, items)

    def _splits(self) -> Json:
        """List one object per backend; of a single split, too, since one object cannot speak of two."""
        question = self.question
        if question.name:
            about = rendering.reference(question.resource, question.key)
            return rendering.metrics_list(about, self._backends(question.key))
        return self._list(one for name in self._names() for one in self._backends(name))

    def _backends(self, name: Name) -> Iterator[Json]:
        split = self.inventory.splits[name]
        tallies = self.figures.backends(name[0], split.root, split.weights)
        for backend, weight in split.weights.items():
            written = self._object(name, rendering.edge("from", Side.CLIENT), tallies[backend])
            yield written | {"backend": {"apex": split.root, "name": backend, "weight": weight}}

    def _object(self, name: Name, edge: Json, tally: Tally) -> Json:
        traffic = self.figures.traffic
        return rendering.metrics_object(
            self.question.resource, name, edge, tally, at=traffic.at, window=traffic.span
        )


def understood(parts: list[str], request: MetricsRequest) -> Question:
    """Take a path apart.

    Args:
        parts: Of the path below the version.
        request: For its query.

    Raises:
        RefusedError: There is no such path, or the selector is none.
    """
    namespace = ""
    if parts[0] == _TO_ONE and len(parts) > 2 and parts[2] != EDGES:  # noqa: PLR2004  # namespaces/NS/RESOURCE
        namespace, parts = parts[1], parts[2:]
    match parts:
        case [plural]:
            return _list_of(_type(plural, namespace), namespace, request)
        case [plural, name]:
            return Question(resource=_one(plural, namespace), namespace=namespace, name=name)
        case [plural, name, sub] if sub == EDGES:
            return Question(resource=_one(plural, namespace), namespace=namespace, name=name, edges=True)
        case _:
            raise _no_path()


def _type(plural: str, namespace: str) -> Resource:
    resource = BY_PLURAL.get(plural)
    if resource is None or (namespace and not resource.namespaced):
        raise _no_path()
    return resource


def _one(plural: str, namespace: str) -> Resource:
    resource = _type(plural, namespace)
    if resource.namespaced and not namespace:
        raise _no_path()
    return resource


def _list_of(resource: Resource, namespace: str, request: MetricsRequest) -> Question:
    query = request.query
    try:
        selector = parse_selector(query.get("labelSelector", ""))
        fields = parse_fields(query.get("fieldSelector", ""))
    except ValueError as problem:
        raise RefusedError(HTTPStatus.BAD_REQUEST, "BadRequest", str(problem)) from problem
    return Question(
        resource=resource,
        namespace=namespace,
        selector=selector,
        fields=fields,
        # As Kubernetes reads it: whatever is not false is true, an empty word included.
        is_watch=query.get("watch", "false").lower() not in {"false", "0"},
    )


_VERBS = {
    "GET": "get",
    "HEAD": "get",
    "POST": "create",
    "PUT": "update",
    "PATCH": "patch",
    "DELETE": "delete",
}


def _action(request: MetricsRequest, question: Question | None) -> Action:
    verb = _VERBS.get(request.method, request.method.lower())
    resource = namespace = name = ""
    if question is not None:
        resource = question.resource.plural + (f"/{EDGES}" if question.edges else "")
        namespace, name = question.namespace, question.name
        if verb == "get" and not name:
            verb = "watch" if question.is_watch else "list"
            name = _only_name(question)
        elif verb == "delete" and not name:
            verb = "deletecollection"
        if question.resource.plural == _TO_ONE and question.name:
            namespace = name  # as Kubernetes' own requests for one namespace have it
    return Action(
        asker=request.asker,
        verb=verb,
        resource=resource,
        namespace=namespace,
        name=name,
        path=request.path,
    )


def _only_name(question: Question) -> str:
    """Give the one name that a list may have, which rights to that name suffice for, as on Kubernetes."""
    names = {value for field, is_equal, value in question.fields if field == "metadata.name" and is_equal}
    return names.pop() if len(names) == 1 else ""


def _unwatched(question: Question) -> RefusedError:
    words = f'watch is not supported on resources of kind "{question.resource.plural}.{GROUP}"'
    return RefusedError(HTTPStatus.METHOD_NOT_ALLOWED, "MethodNotAllowed", words)


def _check_method(request: MetricsRequest) -> None:
    if request.method not in {"GET", "HEAD"}:
        words = "the server does not allow this method on the requested resource"
        raise RefusedError(HTTPStatus.METHOD_NOT_ALLOWED, "MethodNotAllowed", words)


def _no_path() -> RefusedError:
    return RefusedError(HTTPStatus.NOT_FOUND, "NotFound", "the server could not find the requested resource")


def _unknown(question: Question) -> RefusedError:
    words = f'{question.resource.plural}.{GROUP} "{question.name}" not found'
    return RefusedError(HTTPStatus.NOT_FOUND, "NotFound", words)


def _untold(question: Question, pod: str) -> RefusedError:
    words = (
        f'figures of {question.resource.plural}.{GROUP} "{question.name}" are not known:'
        f" the sidecar of pod {pod} does not tell what it counts; see the log of that pod's sidecar"
    )
    return RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, "ServiceUnavailable", words)


def _good(body: Json) -> MetricsAnswer:
    return MetricsAnswer(status=HTTPStatus.OK, body=body)
