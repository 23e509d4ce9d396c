"""Meshes that take in an edit by half. Their stages remember what they saw, from the moment the fault is set."""

from collections.abc import Mapping
from typing import Any

from conformance.refmesh.faults.fault import Body, Fault, Objects, ObjectStage
from conformance.refmesh.faults.written import (
    ObjectKey,
    field,
    is_route_rule,
    key_of,
    kind_of,
    namespace_of,
    renamed,
    with_field,
)


def _keeping_destinations() -> ObjectStage:
    """Each target goes on for every destination that it has had, until it is deleted."""
    had: dict[ObjectKey, list[Any]] = {}

    def stage(objects: Objects) -> Objects:
        now = {key_of(one): one for one in objects if kind_of(one) == "TrafficTarget"}
        for gone in had.keys() - now.keys():
            del had[gone]
        old = []
        for key, one in now.items():
            seen, present = had.setdefault(key, []), field(one, "destination")
            if present not in seen:
                seen.append(present)
            former = [each for each in seen if each != present]
            old += [
                renamed(with_field(one, "destination", each), f"{key[2]} once {number}")
                for number, each in enumerate(former)
            ]
        return [*objects, *old]

    return stage


def _adding_ports() -> ObjectStage:
    """Each TCPRoute has every port that it has ever listed, until it is deleted."""
    had: dict[ObjectKey, set[int]] = {}

    def stage(objects: Objects) -> Objects:
        now = {key_of(one) for one in objects if kind_of(one) == "TCPRoute"}
        for gone in had.keys() - now:
            del had[gone]
        return [_with_former(one) if kind_of(one) == "TCPRoute" else one for one in objects]

    def _with_former(route: Body) -> Body:
        matches: Mapping[str, Any] = field(route, "matches") or {}
        ports = had.setdefault(key_of(route), set())
        listed = matches.get("ports") or ()
        ports.update(listed)
        return with_field(route, "matches", {"ports": sorted(ports)}) if listed else route

    return stage


def _naming_once() -> ObjectStage:
    """A rule without names gets those of the group's entries when the two are first seen together."""
    named: dict[tuple[ObjectKey, int], list[Any]] = {}

    def stage(objects: Objects) -> Objects:
        groups = {key_of(one)[1:]: one for one in objects if kind_of(one) == "HTTPRouteGroup"}
        targets = {key_of(one) for one in objects if kind_of(one) == "TrafficTarget"}
        for gone in [one for one in named if one[0] not in targets]:
            del named[gone]

        def change(target: Body) -> Body:
            rules = [known(rule, target, number) for number, rule in enumerate(field(target, "rules") or ())]
            return with_field(target, "rules", rules)

        def known(rule: Mapping[str, Any], target: Body, number: int) -> Mapping[str, Any]:
            group = groups.get((namespace_of(target), str(rule.get("name"))))
            if rule.get("matches") or group is None or not is_route_rule(rule, "HTTPRouteGroup"):
                return rule
            entries = [entry.get("name") for entry in field(group, "matches") or ()]
            return {**rule, "matches": named.setdefault((key_of(target), number), entries)}

        return [change(one) if kind_of(one) == "TrafficTarget" else one for one in objects]

    return stage


FAULTS = (
    Fault(
        name="keeps-old-destination",
        says="A target that is given another destination goes on granting for the one before.",
        objects=_keeping_destinations,
    ),
    Fault(
        name="tcp-route-edits-add",
        says="A port that is taken off a TCPRoute's list stays open.",
        objects=_adding_ports,
    ),
    Fault(
        name="whole-group-is-named-once",
        says="A rule without a matches list stands for the entries that the group had at first.",
        objects=_naming_once,
    ),
)
