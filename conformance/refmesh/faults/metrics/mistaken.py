"""Metrics APIs that take one object for another, or whoever is asked for to be there."""

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from http import HTTPStatus

from conformance.refmesh.faults.fault import Fault
from conformance.refmesh.faults.metrics.changing import AnswerStage, answer_fault, inventory_fault
from conformance.refmesh.faults.metrics.wrong_api import WrongApi
from conformance.refmesh.metrics import rendering
from conformance.refmesh.metrics.asking import (
    ROOT,
    MetricsAnswer,
    MetricsRequest,
    Question,
    RefusedError,
    understood,
)
from conformance.refmesh.metrics.inventory import BY_PLURAL, Inventory, Name, Resource
from conformance.refmesh.metrics.traffic import Side, Tally

_OWNERS = (
    "daemonsets",
    "deployments",
    "jobs",
    "replicasets",
    "replicationcontrollers",
    "statefulsets",
)
_PLACES = frozenset({"namespaces", "nodes", "services"})
_WATCHED = frozenset({"deployments", "namespaces", "pods", "trafficsplits"})

Likes = Callable[[Question, Inventory], Iterator[tuple[Resource, Name]]]
"""Names who is taken for an object that is not there."""


def _taking(likes: Likes) -> AnswerStage:
    """Answer for somebody else where there is no such object."""

    def stage(answer: MetricsAnswer, request: MetricsRequest, api: WrongApi) -> MetricsAnswer:
        question = _asked(request)
        if answer.status != HTTPStatus.NOT_FOUND or question is None:
            return answer
        found = next(likes(question, api.known), None)
        return api.answer(replace(request, path=_path(*found))) if found else answer

    return stage


def _asked(request: MetricsRequest) -> Question | None:
    """Read a request for one object."""
    try:
        question = understood(request.path.removeprefix(ROOT).strip("/").split("/"), request)
    except RefusedError:
        return None
    return question if question.name and not question.edges else None


def _path(resource: Resource, name: Name) -> str:
    within = f"/namespaces/{name[0]}" if name[0] else ""
    return f"{ROOT}{within}/{resource.plural}/{name[1]}"


def _of_any_kind(question: Question, known: Inventory) -> Iterator[tuple[Resource, Name]]:
    if question.resource.plural in _OWNERS:
        yield from ((BY_PLURAL[one], question.key) for one in _OWNERS if question.key in known.names(one))


def _beginning_so(question: Question, known: Inventory) -> Iterator[tuple[Resource, Name]]:
    namespace, beginning = question.key
    for name in sorted(known.names(question.resource.plural)):
        if name[0] == namespace and name[1].startswith(beginning):
            yield question.resource, name


def _anywhere(question: Question, known: Inventory) -> Iterator[tuple[Resource, Name]]:
    for name in sorted(known.names(question.resource.plural)):
        if name[1] == question.name:
            yield question.resource, name


def _idle_if_unwatched(answer: MetricsAnswer, request: MetricsRequest, api: WrongApi) -> MetricsAnswer:
    """Answer with zeros for types of which nobody knows which objects there are."""
    question = _asked(request)
    if answer.status != HTTPStatus.NOT_FOUND or question is None or question.resource.plural in _WATCHED:
        return answer
    traffic = api.figures().traffic
    edge = rendering.edge("from", Side.SERVER)
    body = rendering.metrics_object(
        question.resource, question.key, edge, Tally(), at=traffic.at, window=traffic.span
    )
    return MetricsAnswer(status=HTTPStatus.OK, body=body)


class _SelectingEverywhere(Inventory):
    """Services select pods of all namespaces."""

    __slots__ = ()

    def holders(self, plural: str, pod_key: str) -> tuple[Name, ...]:
        pod = self.pods.get(pod_key)
        if plural != "services" or pod is None:
            return super().holders(plural, pod_key)
        return tuple(
            name for name, wanted in self.selectors.items() if wanted and wanted.items() <= pod.labels.items()
        )


class _DeployedAlone(Inventory):
    """What contains pods without owning them contains those of Deployments."""

    __slots__ = ()

    def holders(self, plural: str, pod_key: str) -> tuple[Name, ...]:
        pod = self.pods.get(pod_key)
        is_deployed = pod is not None and any(kind == "Deployment" for kind, _ in pod.owners)
        return super().holders(plural, pod_key) if is_deployed or plural not in _PLACES else ()


class _OneServiceEach(Inventory):
    """A pod counts to one of the Services that select it."""

    __slots__ = ()

    def holders(self, plural: str, pod_key: str) -> tuple[Name, ...]:
        found = super().holders(plural, pod_key)
        return found[:1] if plural == "services" else found


def _as(kind: type[Inventory]) -> Callable[[Inventory], Inventory]:
    return lambda known: kind(**{one.name: getattr(known, one.name) for one in fields(known)})


FAULTS: tuple[Fault, ...] = (
    answer_fault(
        "metrics-workloads-by-name",
        "Who owns pods is known by name alone, whatever kind is asked for.",
        _taking(_of_any_kind),
    ),
    answer_fault(
        "metrics-unknown-by-prefix",
        "An object that does not exist is taken for one whose name begins so.",
        _taking(_beginning_so),
    ),
    answer_fault(
        "metrics-unknown-from-elsewhere",
        "An object that does not exist is taken for one of its name in another namespace.",
        _taking(_anywhere),
    ),
    answer_fault(
        "metrics-unknown-service-is-idle",
        "Whatever Service, node, or owner other than a Deployment does not exist has zeros.",
        _idle_if_unwatched,
    ),
    inventory_fault(
        "metrics-services-select-everywhere",
        "Services have the figures of pods of all namespaces.",
        _as(_SelectingEverywhere),
    ),
    inventory_fault(
        "metrics-places-of-deployments",
        "Namespaces, nodes and Services have the figures of pods of Deployments alone.",
        _as(_DeployedAlone),
    ),
    inventory_fault(
        "metrics-one-service-per-pod",
        "Of the Services that select a pod only one has its figures.",
        _as(_OneServiceEach),
    ),
)
