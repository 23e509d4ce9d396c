"""Faults of peers: which edges there are and what they say, and what a TrafficSplit's backends show."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from conformance.tests.doubles.memory_metrics.answers import NOT_FOUND, Json, RefusedError
from conformance.tests.doubles.memory_metrics.asked import Asked, Key
from conformance.tests.doubles.memory_metrics.calls import SERVER_ERROR, Calls
from conformance.tests.doubles.memory_metrics.documents import item_list
from conformance.tests.doubles.memory_metrics.moment import Moment, received
from conformance.tests.doubles.memory_metrics.peers import (
    Backend,
    Edge,
    an_edge,
    at_backend,
    backends,
    edges,
    to_root,
)
from conformance.tests.doubles.memory_metrics.steps import Steps

_OTHER_WAY = {"from": "to", "to": "from"}


def _each_edge(change: Callable[[Edge, Moment], Edge]) -> Steps:
    """Change every edge."""
    return Steps(edges=lambda moment: [change(one, moment) for one in edges(moment)])


def _unserved(_moment: Moment) -> list[Edge]:
    raise RefusedError(NOT_FOUND)


def _with_callers(moment: Moment, callers: Iterable[Key]) -> list[Edge]:
    """Add edges without calls from those who have none."""
    right = edges(moment)
    known = {one.peer for one in right if one.direction == "from"}
    return [*right, *(an_edge("from", moment.asked.plural, key) for key in callers if key not in known)]


def _from_all(moment: Moment) -> list[Edge]:
    return _with_callers(moment, moment.objects.ends(moment.asked.plural))


def _from_all_there(moment: Moment) -> list[Edge]:
    plural = moment.asked.plural
    theirs = [
        key for key in moment.objects.ends(plural) if key[0].startswith("there") or plural == "namespaces"
    ]
    return _with_callers(moment, theirs)


def _of_the_resource(asked: Asked, items: Sequence[Json]) -> Json:
    """Leave out whose edges a list has."""
    return item_list(replace(asked, name="") if asked.part else asked, items)


def _each_backend(change: Callable[[Backend, Moment], Backend]) -> Steps:
    """Change every backend."""
    return Steps(backends=lambda moment: [change(one, moment) for one in backends(moment)])


def _direct_as_well(one: Backend, moment: Moment) -> Backend:
    return replace(one, calls=at_backend(moment, one.name, moment.measured))


def _all_or_nothing(one: Backend, moment: Moment) -> Backend:
    """Have all calls of a split failed where one has."""
    is_broken = any(call.status >= SERVER_ERROR for call in to_root(moment))
    return replace(one, calls=_failed(one.calls)) if is_broken else one


def _failed(calls: Calls) -> Calls:
    return [replace(one, status=SERVER_ERROR) for one in calls]


def _first_weight(one: Backend, moment: Moment) -> Backend:
    weight = moment.remembered.setdefault((moment.asked.key, one.name), one.weight)
    return replace(one, weight=weight)


FAULTS = {
    "metrics-edges-assume-namespace": _each_edge(
        lambda one, moment: replace(one, peer=(moment.asked.namespace, one.peer[1]))
    ),
    "metrics-edges-constant-side": _each_edge(lambda one, _: replace(one, side="client")),
    "metrics-edges-copy-totals": _each_edge(lambda one, moment: replace(one, calls=received(moment))),
    "metrics-edges-declared": Steps(edges=_from_all),
    "metrics-edges-drop-one": Steps(edges=lambda moment: edges(moment)[1:]),
    "metrics-edges-leak": Steps(edges=_from_all_there),
    "metrics-edges-missing": Steps(edges=_unserved),
    "metrics-edges-pods-for-all": Steps(edges=lambda moment: edges(moment, "pods")),
    "metrics-edges-swap-direction": _each_edge(
        lambda one, _: replace(one, direction=_OTHER_WAY[one.direction])
    ),
    "metrics-edges-wrong-list": Steps(item_list=_of_the_resource),
    "metrics-one-failed-backend-for-all": _each_backend(_all_or_nothing),
    "metrics-split-counts-direct": _each_backend(_direct_as_well),
    "metrics-split-fixed-weight": _each_backend(_first_weight),
    "metrics-split-root-only": _each_backend(lambda one, moment: replace(one, calls=to_root(moment))),
    "metrics-split-swaps-apex": _each_backend(lambda one, _: replace(one, apex=one.name, name=one.apex)),
}
