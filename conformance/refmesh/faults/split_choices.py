"""Meshes that select a split's requests wrongly, or follow its references wrongly."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from conformance.refmesh.faults.fault import Body, Fault, Objects, ObjectStage
from conformance.refmesh.faults.understood import each_split
from conformance.refmesh.faults.written import (
    ObjectKey,
    field,
    forgetful,
    key_of,
    kind_of,
    namespace_of,
    renamed,
    with_field,
)
from conformance.refmesh.policy import SplitRule
from conformance.refmesh.world import MeshWorld

Find = Callable[[str, str], Body | None]
"""Gives what a split takes for the group of a namespace and a name."""


def _with_own_groups(objects: Objects, find: Find) -> Objects:
    """Point every split at private groups, so that targets that use the same ones notice nothing."""
    made: dict[ObjectKey, Body] = {}

    def own(reference: Any, split: Body) -> Any:
        name = str(reference.get("name"))
        private = f"{name} for {key_of(split)[2]}"
        found = find(namespace_of(split), name)
        if found is not None:
            copy = renamed(found, private)
            copy = {**copy, "metadata": {**copy["metadata"], "namespace": namespace_of(split)}}
            made[key_of(copy)] = copy
        return {**reference, "name": private}

    def change(split: Body) -> Body:
        references = field(split, "matches")
        if not references:
            return split
        return with_field(split, "matches", [own(one, split) for one in references])

    changed = [change(one) if kind_of(one) == "TrafficSplit" else one for one in objects]
    return [*changed, *made.values()]


def _groups(objects: Objects) -> dict[tuple[str, str], Body]:
    return {key_of(one)[1:]: one for one in objects if kind_of(one) == "HTTPRouteGroup"}


def _first_entries(objects: Objects) -> Objects:
    groups = _groups(objects)

    def find(namespace: str, name: str) -> Body | None:
        group = groups.get((namespace, name))
        return group and with_field(group, "matches", list(field(group, "matches") or ())[:1])

    return _with_own_groups(objects, find)


def _anywhere(objects: Objects) -> Objects:
    groups = _groups(objects)

    def find(namespace: str, name: str) -> Body | None:
        elsewhere = (one for key, one in sorted(groups.items()) if key[1] == name)
        return groups.get((namespace, name)) or next(elsewhere, None)

    return _with_own_groups(objects, find)


def _keeping_groups() -> ObjectStage:
    """A split goes on with each of its groups as that was when it first found it."""
    seen: dict[tuple[str, str], Body] = {}

    def stage(objects: Objects) -> Objects:
        groups = _groups(objects)

        def find(namespace: str, name: str) -> Body | None:
            key = namespace, name
            if key in groups:
                seen.setdefault(key, groups[key])
            return seen.get(key)

        return _with_own_groups(objects, find)

    return stage


def _keeping_roots() -> ObjectStage:
    """A split goes on for every root that it has had, until it is deleted."""
    had: dict[ObjectKey, list[Any]] = {}

    def stage(objects: Objects) -> Objects:
        now = {key_of(one): one for one in objects if kind_of(one) == "TrafficSplit"}
        for gone in had.keys() - now.keys():
            del had[gone]
        old = []
        for key, one in now.items():
            roots, present = had.setdefault(key, []), field(one, "service")
            if present not in roots:
                roots.append(present)
            former = (each for each in roots if each != present)
            old += [renamed(with_field(one, "service", each), f"{key[2]} once of {each}") for each in former]
        return [*objects, *old]

    return stage


def _one_header_each(split: SplitRule, world: MeshWorld) -> Iterable[SplitRule]:
    del world
    if split.matches is None:
        yield split
        return
    alone = [replace(one, headers=(header,)) for one in split.matches for header in one.headers]
    bare = [one for one in split.matches if not one.headers]
    yield replace(split, matches=(*alone, *bare))


FAULTS = (
    Fault(
        name="split-any-header-suffices",
        says="A split selects a request that has one of an entry's several headers.",
        policy=each_split(_one_header_each),
    ),
    Fault(
        name="split-first-entry-only",
        says="Of each route group that a split refers to only the first entry counts.",
        objects=forgetful(_first_entries),
    ),
    Fault(
        name="split-groups-of-any-namespace",
        says="A split looks its route groups up in every namespace.",
        objects=forgetful(_anywhere),
    ),
    Fault(
        name="split-keeps-first-group",
        says="A split goes on selecting what its route group said at first.",
        objects=_keeping_groups,
    ),
    Fault(
        name="split-keeps-old-root",
        says="A split that is given another root goes on sharing out the calls to the one before.",
        objects=_keeping_roots,
    ),
)
