"""Meshes that miss changes. Their stages remember what they saw, from the moment the fault is set."""

from collections.abc import Callable, Iterable

import re2

from conformance.refmesh.faults.fault import Body, Fault, Objects, ObjectStage
from conformance.refmesh.faults.written import (
    ROUTE_KINDS,
    ObjectKey,
    everything_group,
    field,
    key_of,
    kind_of,
    namespace_of,
    renamed,
    text_of,
    with_field,
)


def _keeping_deleted(kind: str) -> Callable[[], ObjectStage]:
    def make() -> ObjectStage:
        seen: dict[ObjectKey, Body] = {}

        def stage(objects: Objects) -> Objects:
            now = {key_of(one): one for one in objects if kind_of(one) == kind}
            seen.update(now)
            return [*objects, *(one for key, one in seen.items() if key not in now)]

        return stage

    return make


def _keeping_first(kind: str) -> Callable[[], ObjectStage]:
    def make() -> ObjectStage:
        seen: dict[ObjectKey, Body] = {}

        def stage(objects: Objects) -> Objects:
            now = {key_of(one): one for one in objects if kind_of(one) == kind}
            for key in seen.keys() - now.keys():
                del seen[key]
            for key, one in now.items():
                seen.setdefault(key, one)
            return [seen[key_of(one)] if kind_of(one) == kind else one for one in objects]

        return stage

    return make


def _adding_on_update() -> ObjectStage:
    """Each target's earlier texts go on beside the newest, under names of their own, until it is deleted."""
    seen: dict[ObjectKey, list[Body]] = {}

    def stage(objects: Objects) -> Objects:
        now = {key_of(one): one for one in objects if kind_of(one) == "TrafficTarget"}
        for key in seen.keys() - now.keys():
            del seen[key]
        for key, one in now.items():
            texts = seen.setdefault(key, [])
            if not any(_same_text(one, text) for text in texts):
                texts.append(one)
        old = [
            renamed(text, f"{key[2]} as of edit {number}")
            for key, texts in seen.items()
            for number, text in enumerate(texts)
            if not _same_text(text, now[key])
        ]
        return [*objects, *old]

    return stage


def _same_text(one: Body, other: Body) -> bool:
    """Compare what people write, without what the API server adds."""
    return text_of(one) == text_of(other)


def _copying_routes_once() -> ObjectStage:
    """Each target goes on with private copies of its routes, taken when the target was last written."""
    taken: dict[ObjectKey, tuple[Body, list[Body]]] = {}

    def stage(objects: Objects) -> Objects:
        routes = [one for one in objects if kind_of(one) in ROUTE_KINDS]
        targets = [one for one in objects if kind_of(one) == "TrafficTarget"]
        for gone in taken.keys() - {key_of(one) for one in targets}:
            del taken[gone]
        for target in targets:
            key = key_of(target)
            if key not in taken or not _same_text(taken[key][0], target):
                taken[key] = target, list(_private_copies(target, routes))
        copies = [copy for _, some in taken.values() for copy in some]
        pointed = [_pointed_at_copies(one) if kind_of(one) == "TrafficTarget" else one for one in objects]
        return [*pointed, *copies]

    return stage


def _private_copies(target: Body, routes: Iterable[Body]) -> Iterable[Body]:
    near = [one for one in routes if namespace_of(one) == namespace_of(target)]
    return (renamed(one, _private_name(target, key_of(one)[2])) for one in near)


def _pointed_at_copies(target: Body) -> Body:
    rules = [
        {**rule, "name": _private_name(target, rule.get("name"))} for rule in field(target, "rules") or ()
    ]
    return with_field(target, "rules", rules)


def _private_name(target: Body, name: object) -> str:
    return f"{name} as {key_of(target)[2]} knows it"


def _opening_deleted_routes() -> ObjectStage:
    seen: dict[ObjectKey, Body] = {}

    def stage(objects: Objects) -> Objects:
        now = {key_of(one): one for one in objects if kind_of(one) == "HTTPRouteGroup"}
        seen.update(now)
        gone = [one for key, one in seen.items() if key not in now]
        return [*objects, *(_opened(one) for one in gone)]

    return stage


def _opened(group: Body) -> Body:
    _, namespace, name = key_of(group)
    return everything_group(namespace, name, [entry.get("name") for entry in field(group, "matches") or ()])


def _deleting_by_rule() -> ObjectStage:
    """A target that is deleted takes with it every other that grants the same, until that is written
    again.
    """
    seen: dict[ObjectKey, Body] = {}
    lost: dict[ObjectKey, Body] = {}

    def stage(objects: Objects) -> Objects:
        now = {key_of(one): one for one in objects if kind_of(one) == "TrafficTarget"}
        for gone in [key for key in seen if key not in now]:
            deleted = seen.pop(gone)
            lost.update({key: one for key, one in now.items() if _same_text(one, deleted)})
        seen.update(now)
        for key in [key for key, one in lost.items() if key not in now or not _same_text(one, now[key])]:
            del lost[key]
        return [one for one in objects if key_of(one) not in lost]

    return stage


def _freezing_on_bad_pattern() -> ObjectStage:
    """While any pattern cannot be read, what was in force before stays in force, all of it."""
    before: list[Body] = []

    def stage(objects: Objects) -> Objects:
        smi = [one for one in objects if kind_of(one)]
        if not all(_is_readable(one) for one in smi):
            return [*(one for one in objects if not kind_of(one)), *before]
        before[:] = smi
        return objects

    return stage


def _is_readable(body: Body) -> bool:
    entries = field(body, "matches") if kind_of(body) == "HTTPRouteGroup" else ()
    quiet = re2.Options()
    quiet.log_errors = False
    try:
        for entry in entries or ():
            re2.compile(entry.get("pathRegex", ""), quiet)
    except re2.error:
        return False
    return True


FAULTS = (
    Fault(
        name="ignores-target-delete",
        says="A target goes on granting after it is deleted.",
        objects=_keeping_deleted("TrafficTarget"),
    ),
    Fault(
        name="ignores-target-update",
        says="An edited target goes on granting what it granted before, beside what it grants now.",
        objects=_adding_on_update,
    ),
    Fault(
        name="ignores-route-edit",
        says="Routes are copied when a target is written, so a later edit of the route alone has no effect.",
        objects=_copying_routes_once,
    ),
    Fault(
        name="route-delete-opens",
        says="When a route group is deleted under a live target, its sources may send every request.",
        objects=_opening_deleted_routes,
    ),
    Fault(
        name="ignores-route-delete",
        says="A route group goes on being granted after it is deleted.",
        objects=_keeping_deleted("HTTPRouteGroup"),
    ),
    Fault(
        name="ignores-tcp-route-delete",
        says="A TCPRoute goes on being granted after it is deleted.",
        objects=_keeping_deleted("TCPRoute"),
    ),
    Fault(
        name="ignores-binding-delete",
        says="An IdentityBinding goes on standing for its workloads after it is deleted.",
        objects=_keeping_deleted("IdentityBinding"),
    ),
    Fault(
        name="keeps-first-binding",
        says="An IdentityBinding goes on standing for the workloads it was created with.",
        objects=_keeping_first("IdentityBinding"),
    ),
    Fault(
        name="deletes-by-rule",
        says="Deleting one of two targets that grant the same takes the grant of both away.",
        objects=_deleting_by_rule,
    ),
    Fault(
        name="bad-pattern-freezes",
        says="While one pathRegex cannot be compiled, no change to any policy takes effect.",
        objects=_freezing_on_bad_pattern,
    ),
    Fault(
        name="split-sticky-to-old-weights",
        says="A split keeps the backends and weights it was created with.",
        objects=_keeping_first("TrafficSplit"),
    ),
    Fault(
        name="ignores-split-delete",
        says="A split goes on after it is deleted.",
        objects=_keeping_deleted("TrafficSplit"),
    ),
)
