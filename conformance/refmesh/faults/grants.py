"""Meshes that add grants up wrongly, or take pieces of several for one."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import chain

from conformance.refmesh.faults.fault import Fault, Situation, Snapshots
from conformance.refmesh.faults.resources import Json, each_sidecar, with_http_rules
from conformance.refmesh.faults.understood import each_grant
from conformance.refmesh.policy import Grant, HttpMatch, Party, Policy, Ports
from conformance.refmesh.world import MeshWorld

# Parties are of two kinds, which do not compare with each other.
_IN_ORDER: Callable[[object], str] = repr


def _by_destination(policy: Policy) -> list[list[Grant]]:
    found: dict[Party, list[Grant]] = {}
    for grant in policy.grants:
        found.setdefault(grant.destination, []).append(grant)
    return [found[one] for one in sorted(found, key=_IN_ORDER)]


def _last_target(policy: Policy, world: MeshWorld) -> Policy:
    del world
    return replace(policy, grants=tuple(group[-1] for group in _by_destination(policy)))


def _intersected(policy: Policy, world: MeshWorld) -> Policy:
    del world
    return replace(policy, grants=tuple(chain.from_iterable(map(_shared, _by_destination(policy)))))


def _shared(group: list[Grant]) -> Iterable[Grant]:
    sources = frozenset.intersection(*(one.sources for one in group))
    return (replace(one, sources=sources) for one in group if sources)


def _recombined(policy: Policy, world: MeshWorld) -> Policy:
    del world
    return replace(policy, grants=tuple(merged(group) for group in _by_destination(policy)))


def merged(group: list[Grant]) -> Grant:
    """Throw grants of one destination together: every source may send every request to every port."""
    sources: frozenset[Party] = frozenset().union(*(one.sources for one in group))
    return replace(
        group[0],
        sources=sources,
        ports=_every_port(group),
        http=_every_route(group),
        raw_tcp=any(one.raw_tcp for one in group),
    )


def _every_port(group: Iterable[Grant]) -> Ports:
    listed = [one.ports for one in group]
    return None if None in listed else frozenset(chain.from_iterable(one or () for one in listed))


def _every_route(group: Iterable[Grant]) -> tuple[HttpMatch, ...] | None:
    listed = [one.http for one in group]
    return None if None in listed else tuple(chain.from_iterable(one or () for one in listed))


def _first_fitting(snapshots: Snapshots, situation: Situation) -> Snapshots:
    del situation
    return each_sidecar(snapshots, lambda one: with_http_rules(one, _first_fitting_rules))


def _first_fitting_rules(rules: Json) -> Json:
    policies: dict[str, Json] = {}
    earlier: list[Json] = []
    for name, policy in sorted(rules["policies"].items()):
        fits = {"or_rules": {"rules": policy["permissions"]}}
        new = [{"not_rule": one} for one in earlier]
        policies[name] = {**policy, "permissions": [{"and_rules": {"rules": [fits, *new]}}]}
        earlier.append(fits)
    return {**rules, "policies": policies}


def _both_ways(grant: Grant, world: MeshWorld) -> Iterable[Grant]:
    del world
    yield grant
    for source in sorted(grant.sources, key=_IN_ORDER):
        yield replace(grant, destination=source, sources=frozenset({grant.destination}), ports=None)


def _carried_on(policy: Policy, world: MeshWorld) -> Policy:
    del world
    added = [
        replace(second, sources=first.sources)
        for first in policy.grants
        for second in policy.grants
        if first.destination in second.sources
    ]
    return replace(policy, grants=(*policy.grants, *added))


def _first_entry_decides(snapshots: Snapshots, situation: Situation) -> Snapshots:
    del situation
    return each_sidecar(snapshots, lambda one: with_http_rules(one, _first_entry_rules))


def _first_entry_rules(rules: Json) -> Json:
    policies = {
        name: {**policy, "permissions": _unless_earlier(policy["permissions"])}
        for name, policy in rules["policies"].items()
    }
    return {**rules, "policies": policies}


def _unless_earlier(permissions: list[Json]) -> list[Json]:
    """Let each permission hold only where no earlier one has a path that fits."""
    changed: list[Json] = []
    earlier: list[Json] = []
    for one in permissions:
        changed.append({"and_rules": {"rules": [one, *({"not_rule": path} for path in earlier)]}})
        parts = one.get("and_rules", {}).get("rules", ())
        earlier.append(next((part for part in parts if "url_path" in part), {"any": True}))
    return changed


FAULTS = (
    Fault(
        name="last-target-wins",
        says="Of several targets for one destination only the last counts.",
        policy=_last_target,
    ),
    Fault(
        name="targets-narrow-each-other",
        says="Of several targets for one destination every one has to list a source.",
        policy=_intersected,
    ),
    Fault(
        name="recombines-targets",
        says="Sources, ports and routes of all targets for one destination are thrown together, so a"
        " source may use a route that only another target grants.",
        policy=_recombined,
    ),
    Fault(
        name="first-fitting-route-decides",
        says="The first route that fits a request decides who may send it, so an overlapping grant is lost.",
        snapshots=_first_fitting,
    ),
    Fault(
        name="first-fitting-entry-decides",
        says="Of a target's entries the first whose path fits decides, so a later one with another method is lost.",
        snapshots=_first_entry_decides,
    ),
    Fault(
        name="grants-go-both-ways",
        says="A destination may call its sources as they may call it.",
        policy=each_grant(_both_ways),
    ),
    Fault(
        name="grants-carry-on",
        says="Whoever may call a workload may call what that workload may call.",
        policy=_carried_on,
    ),
)
