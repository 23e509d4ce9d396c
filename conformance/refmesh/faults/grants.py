"""Meshes that add grants up wrongly, or take pieces of several for one."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import chain

from conformance.refmesh.faults.fault import Fault, Situation, Snapshots
from conformance.refmesh.faults.resources import Json, each_sidecar, with_http_rules
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


def _recombined(policy: Policy, world: MeshWorld) -> Policy:
    del world
    return replace(policy, grants=tuple(_merged(group) for group in _by_destination(policy)))


def _merged(group: list[Grant]) -> Grant:
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


FAULTS = (
    Fault(
        name="last-target-wins",
        says="Of several targets for one destination only the last counts.",
        policy=_last_target,
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
)
