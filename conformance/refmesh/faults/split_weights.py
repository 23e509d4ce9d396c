"""Meshes that give backends other shares than their weights say."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from conformance.refmesh.faults.fault import Body, Fault
from conformance.refmesh.faults.understood import each_split
from conformance.refmesh.faults.written import each, field, with_field
from conformance.refmesh.policy import Backend, Policy, SplitRule
from conformance.refmesh.world import MeshWorld

_PERCENT = 100


def _weights(
    change: Callable[[list[int]], list[int]],
) -> Callable[[SplitRule, MeshWorld], Iterable[SplitRule]]:
    """Change the weights of a split, in the order of its backends."""

    def stage(split: SplitRule, world: MeshWorld) -> Iterable[SplitRule]:
        del world
        weights = change([one.weight for one in split.backends])
        pairs = zip(split.backends, weights, strict=True)
        yield replace(split, backends=tuple(replace(one, weight=weight) for one, weight in pairs))

    return stage


def _equal(weights: list[int]) -> list[int]:
    return [1] * len(weights)


def _reversed(weights: list[int]) -> list[int]:
    return weights[::-1]


def _as_percent(weights: list[int]) -> list[int]:
    """All but the last as percent as far as 100 go, the last what is left."""
    left, taken = _PERCENT, list[int]()
    for weight in weights[:-1]:
        taken.append(min(weight, left))
        left -= taken[-1]
    return [*taken, left] if weights else []


def _rest_to_last(weights: list[int]) -> list[int]:
    """Scaled to whole percent, rounded down, the last what is left."""
    total = sum(weights)
    if not total:
        return weights
    return _as_percent([weight * _PERCENT // total for weight in weights])


def _two_percent_for_zero(weights: list[int]) -> list[int]:
    """49 shares of every weight, and for each weight of 0 one share of the total: about 2 % each."""
    total = sum(weights)
    return [weight * 49 or total for weight in weights]


def _rounded_up(weights: list[int]) -> list[int]:
    """Scaled to whole percent, but at least 1 % for each positive weight."""
    total = sum(weights)
    return [max(1, round(weight * _PERCENT / total)) if weight else 0 for weight in weights]


def _root_joins(split: SplitRule, world: MeshWorld) -> Iterable[SplitRule]:
    del world
    total = sum(one.weight for one in split.backends)
    scaled = [replace(one, weight=one.weight * 9) for one in split.backends]
    yield replace(split, backends=(*scaled, Backend(service=split.root, weight=total)))


def _by_pods(split: SplitRule, world: MeshWorld) -> Iterable[SplitRule]:
    """Count a weight once for every pod behind its backend."""

    def times_pods(one: Backend) -> Backend:
        service = world.service(split.namespace, one.service)
        return replace(one, weight=one.weight * len(world.ready_pods(service))) if service else one

    yield replace(split, backends=tuple(map(times_pods, split.backends)))


def _nested(policy: Policy, world: MeshWorld) -> Policy:
    del world
    roots = {(one.namespace, one.root): one for one in policy.splits}

    def expanded(split: SplitRule) -> SplitRule:
        inner = [(one, roots.get((split.namespace, one.service))) for one in split.backends]
        parts = [
            _inside(one, other) if other and other is not split else [(one.service, one.weight, 1)]
            for one, other in inner
        ]
        flat = [part for some in parts for part in some]
        return replace(split, backends=_common(flat))

    return replace(policy, splits=tuple(expanded(one) for one in policy.splits))


def _inside(backend: Backend, split: SplitRule) -> list[tuple[str, int, int]]:
    total = sum(one.weight for one in split.backends) or 1
    return [(one.service, backend.weight * one.weight, total) for one in split.backends]


def _common(parts: list[tuple[str, int, int]]) -> tuple[Backend, ...]:
    whole = 1
    for _, _, below in parts:
        whole *= below
    return tuple(Backend(service=name, weight=above * whole // below) for name, above, below in parts)


def _digits_only(split: Body) -> Body:
    def bare(backend: Mapping[str, Any]) -> Mapping[str, Any]:
        weight = str(backend.get("weight", "0")).rstrip("numkMGTPEi").replace(".", "")
        return {**backend, "weight": weight}

    if not str(split["apiVersion"]).endswith("/v1alpha1"):
        return split
    return with_field(split, "backends", [bare(one) for one in field(split, "backends") or ()])


FAULTS = (
    Fault(
        name="ignores-weights",
        says="Every backend gets the same share, whatever its weight.",
        policy=each_split(_weights(_equal)),
    ),
    Fault(
        name="weights-per-pod",
        says="A weight is that of each pod behind a backend, so that a Service of two pods gets twice its share.",
        policy=each_split(_by_pods),
    ),
    Fault(
        name="swaps-weights",
        says="Weights are given to the backends in reverse order.",
        policy=each_split(_weights(_reversed)),
    ),
    Fault(
        name="weight-percent-only",
        says="Weights are read as percent, and the last backend gets what is left to 100.",
        policy=each_split(_weights(_as_percent)),
    ),
    Fault(
        name="last-backend-gets-rest",
        says="Shares are rounded down to whole percent, and the last backend gets what is left.",
        policy=each_split(_weights(_rest_to_last)),
    ),
    Fault(
        name="small-share-rounded-up",
        says="Every backend with a positive weight gets at least one percent.",
        policy=each_split(_weights(_rounded_up)),
    ),
    Fault(
        name="zero-weight-gets-traffic",
        says="A backend of weight 0 still gets about 2 % of the calls.",
        policy=each_split(_weights(_two_percent_for_zero)),
    ),
    Fault(
        name="root-gets-extra-share",
        says="A tenth of the calls goes to the root Service's own endpoints, past the backends.",
        policy=each_split(_root_joins),
    ),
    Fault(
        name="quantity-suffix-dropped",
        says="A weight such as 500m is read as 500: the quantity's suffix is dropped.",
        objects=each("TrafficSplit", _digits_only),
    ),
    Fault(
        name="splits-nest",
        says="A backend that is the root of another split is shared out by that one too.",
        policy=_nested,
    ),
)
