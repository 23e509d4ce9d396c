"""Metrics APIs that ask for other rights than the text has."""

from collections.abc import Callable
from dataclasses import replace

from conformance.refmesh.faults.fault import Fault
from conformance.refmesh.faults.metrics.changing import rights_fault
from conformance.refmesh.metrics.asking import Action

_GUARDED = frozenset({"", "deployments", "namespaces", "pods"})


def _as_parent(action: Action) -> Action:
    return replace(action, resource=action.resource.removesuffix("/edges"))


def _cluster_only(action: Action) -> Action | None:
    return None if action.namespace else action


def _as_pods(action: Action) -> Action:
    _, mark, sub = action.resource.partition("/")
    return replace(action, resource=f"pods{mark}{sub}")


def _in_own_namespace(action: Action) -> Action:
    _, _, key = action.asker.user.partition("system:serviceaccount:")
    return replace(action, namespace=key.partition(":")[0] if action.namespace else "")


def _unless(is_open: Callable[[Action], bool]) -> Callable[[Action], Action | None]:
    return lambda action: None if is_open(action) else action


def _edges_in_own_namespace(action: Action) -> Action:
    return _in_own_namespace(action) if action.resource.endswith("/edges") else action


class _FirstName:
    """What was found out for one object is taken for all of its type."""

    def __init__(self) -> None:
        self._first: dict[tuple[str, ...], str] = {}

    def of(self, action: Action) -> Action:
        key = action.asker.user, action.verb, action.resource, action.namespace
        return replace(action, name=self._first.setdefault(key, action.name))


def _discovery_by_right(action: Action) -> Action:
    return action if action.resource else replace(action, resource="discovery", verb="list")


def _edges_as_of_pods(action: Action) -> Action:
    return _as_pods(action) if action.resource.endswith("/edges") else action


FAULTS: tuple[Fault, ...] = (
    rights_fault(
        "metrics-open-to-all", "Whoever is known may read all metrics, whatever RBAC says.", lambda _: None
    ),
    rights_fault(
        "metrics-edges-under-parent",
        "Whoever may read an object may read its edges, and nobody else.",
        _as_parent,
    ),
    rights_fault(
        "metrics-open-in-namespaces",
        "Rights are asked for only where figures of the whole cluster are wanted.",
        _cluster_only,
    ),
    rights_fault(
        "metrics-list-as-get",
        "Who may get objects may list them.",
        lambda action: replace(action, verb="get"),
    ),
    rights_fault(
        "metrics-get-as-list",
        "Who may list objects may get them.",
        lambda action: replace(action, verb="list"),
    ),
    rights_fault("metrics-rights-of-pods", "Who may read pods may read all types.", _as_pods),
    rights_fault(
        "metrics-rights-of-own-namespace", "Rights in one's own namespace count in all.", _in_own_namespace
    ),
    rights_fault(
        "metrics-open-lists",
        "Nothing is asked where a list is wanted.",
        _unless(lambda one: one.verb == "list"),
    ),
    rights_fault(
        "metrics-open-cluster-wide",
        "Nothing is asked where figures of all namespaces are wanted.",
        _unless(lambda one: not one.namespace),
    ),
    rights_fault(
        "metrics-open-namespaces",
        "Nothing is asked for the figures of namespaces.",
        _unless(lambda one: one.resource == "namespaces"),
    ),
    rights_fault(
        "metrics-open-edges-of-namespaces",
        "Nothing is asked for the edges of namespaces.",
        _unless(lambda one: one.resource == "namespaces/edges"),
    ),
    rights_fault(
        "metrics-discovery-by-right",
        "What there is is told only to those who were given a right to it.",
        _discovery_by_right,
    ),
    rights_fault(
        "metrics-rights-without-names",
        "Rights to objects by name are not known.",
        lambda action: replace(action, name=""),
    ),
    rights_fault(
        "metrics-rights-of-first-name",
        "Whether somebody may read one object is remembered for all others of its type.",
        _FirstName().of,
    ),
    rights_fault(
        "metrics-open-edges",
        "Nothing is asked for edges.",
        _unless(lambda one: one.resource.endswith("/edges")),
    ),
    rights_fault(
        "metrics-edges-rights-of-own-namespace",
        "Rights to edges in one's own namespace count in all.",
        _edges_in_own_namespace,
    ),
    rights_fault(
        "metrics-edges-rights-of-pods",
        "Who may read the edges of pods may read those of all types.",
        _edges_as_of_pods,
    ),
    rights_fault(
        "metrics-open-other-types",
        "Nothing is asked for types other than pods, Deployments and namespaces.",
        _unless(lambda one: one.resource.partition("/")[0] not in _GUARDED),
    ),
)
