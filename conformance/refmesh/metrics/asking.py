"""What is asked of the metrics API, in whose name, and how a path and a query are understood. Pure.

Paths follow Kubernetes: ``/RESOURCE`` lists a type, ``/namespaces/NS/RESOURCE`` in one namespace, a name behind it is
one object, and ``/edges`` behind that lists its edges.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from conformance.refmesh.metrics import rendering
from conformance.refmesh.metrics.inventory import BY_PLURAL, Name, Resource
from conformance.refmesh.metrics.rendering import GROUP, VERSION, Json
from conformance.refmesh.metrics.selectors import FieldSelector, Selector, parse_fields, parse_selector

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
    content_type: str = "application/json"


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


def action_of(request: MetricsRequest, question: Question | None) -> Action:
    """Say what a request wants to do; None for a question is discovery."""
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


def unwatched(question: Question) -> RefusedError:
    """Refuse to tell of changes."""
    words = f'watch is not supported on resources of kind "{question.resource.plural}.{GROUP}"'
    return RefusedError(HTTPStatus.METHOD_NOT_ALLOWED, "MethodNotAllowed", words)


def check_method(request: MetricsRequest) -> None:
    """See that nothing is to be written.

    Raises:
        RefusedError: It is.
    """
    if request.method not in {"GET", "HEAD"}:
        words = "the server does not allow this method on the requested resource"
        raise RefusedError(HTTPStatus.METHOD_NOT_ALLOWED, "MethodNotAllowed", words)


def _no_path() -> RefusedError:
    return RefusedError(HTTPStatus.NOT_FOUND, "NotFound", "the server could not find the requested resource")


def unknown(question: Question) -> RefusedError:
    """Refuse, since there is no such object."""
    words = f'{question.resource.plural}.{GROUP} "{question.name}" not found'
    return RefusedError(HTTPStatus.NOT_FOUND, "NotFound", words)


def untold(question: Question, pod: str) -> RefusedError:
    """Refuse, since the sidecar of *pod* does not tell what it counts."""
    words = (
        f'figures of {question.resource.plural}.{GROUP} "{question.name}" are not known:'
        f" the sidecar of pod {pod} does not tell what it counts; see the log of that pod's sidecar"
    )
    return RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, "ServiceUnavailable", words)
