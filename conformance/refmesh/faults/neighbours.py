"""Meshes in which the edit or the end of one object touches others. Their stages remember what was there before."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from conformance.refmesh.faults.fault import Body, Fault, Objects, ObjectStage
from conformance.refmesh.faults.written import (
    ROUTE_KINDS,
    SMI_KINDS,
    ObjectKey,
    field,
    key_of,
    kind_of,
    namespace_of,
    renamed,
    text_of,
    with_field,
)

Kept = Mapping[ObjectKey, Body]
"""Objects of one kind, by key."""


def _of(objects: Objects, *kinds: str) -> dict[ObjectKey, Body]:
    return {key_of(one): one for one in objects if kind_of(one) in kinds}


def _edited(before: Kept, now: Kept) -> list[ObjectKey]:
    return sorted(key for key in before.keys() & now.keys() if text_of(before[key]) != text_of(now[key]))


def _losing(
    kinds: Iterable[str], losers: Callable[[Kept, Kept], Iterable[ObjectKey]]
) -> Callable[[], ObjectStage]:
    """Make a stage in which what *losers* names, told what was there before and what is now, does not count until
    it is written again.
    """

    def make() -> ObjectStage:
        before: dict[ObjectKey, Body] = {}
        lost: dict[ObjectKey, Any] = {}

        def stage(objects: Objects) -> Objects:
            now = _of(objects, *kinds)
            for key in [key for key, text in lost.items() if key not in now or text_of(now[key]) != text]:
                del lost[key]
            lost.update({key: text_of(now[key]) for key in losers(dict(before), now)})
            before.clear()
            before.update(now)
            return [one for one in objects if key_of(one) not in lost]

        return stage

    return make


def _destination(target: Body) -> tuple[Any, ...]:
    subject = field(target, "destination") or {}
    return subject.get("kind"), subject.get("namespace") or namespace_of(target), subject.get("name")


def _root(split: Body) -> tuple[Any, ...]:
    return namespace_of(split), field(split, "service")


def _beside_written(before: Kept, now: Kept) -> Iterable[ObjectKey]:
    written = {*_edited(before, now), *(now.keys() - before.keys())}
    places = {_destination(now[key]) for key in written}
    return (key for key, one in now.items() if _destination(one) in places and key not in written)


def _in_former_place(
    place: Callable[[Body], tuple[Any, ...]],
) -> Callable[[Kept, Kept], Iterable[ObjectKey]]:
    """Name those whose place one that moved away had before: each that moves writes its new entry, and then clears
    its former one.
    """

    def losers(before: Kept, now: Kept) -> Iterable[ObjectKey]:
        moved = [key for key in _edited(before, now) if place(before[key]) != place(now[key])]
        lost: set[ObjectKey] = set()
        for number, key in enumerate(moved):
            later = moved[number + 1 :]
            lost.discard(key)
            lost |= {
                other
                for other, one in now.items()
                if other != key and other not in later and place(one) == place(before[key])
            }
        return lost

    return losers


def _namesakes_of_deleted(before: Kept, now: Kept) -> Iterable[ObjectKey]:
    gone = {(kind, name) for kind, _, name in before.keys() - now.keys()}
    return (key for key in now if (key[0], key[2]) in gone and key in before)


def _taking_from_others() -> ObjectStage:
    """What an edited target no longer grants is taken from every other of its destination as well."""
    before: dict[ObjectKey, Body] = {}
    taken: dict[ObjectKey, tuple[Any, set[tuple[str, str]]]] = {}

    def stage(objects: Objects) -> Objects:
        now = _of(objects, "TrafficTarget")
        for key in _edited(before, now):
            lost = _pairs(before[key]) - _pairs(now[key])
            for other, one in now.items():
                if other != key and _destination(one) == _destination(before[key]):
                    taken.setdefault(other, (text_of(one), set()))[1].update(lost)
        before.clear()
        before.update(now)
        return [_without_taken(one) if kind_of(one) == "TrafficTarget" else one for one in objects]

    def _without_taken(target: Body) -> Body:
        text, lost = taken.get(key_of(target), (None, set()))
        if text != text_of(target):
            return target
        rules = [str(rule) for rule in field(target, "rules") or ()]
        sources = field(target, "sources") or ()
        left = [one for one in sources if not any((str(one), rule) in lost for rule in rules)]
        return with_field(target, "sources", left)

    return stage


def _pairs(target: Body) -> set[tuple[str, str]]:
    rules = field(target, "rules") or ()
    return {(str(source), str(rule)) for source in field(target, "sources") or () for rule in rules}


def _telling_one_target() -> ObjectStage:
    """Each route group is noted with the last target that uses it; the others go on with its first text."""
    first: dict[tuple[ObjectKey, ObjectKey], Body] = {}

    def stage(objects: Objects) -> Objects:
        groups, targets = _of(objects, "HTTPRouteGroup"), _of(objects, "TrafficTarget")
        for pair in [one for one in first if one[0] not in targets or one[1] not in groups]:
            del first[pair]
        last = {group: key for key, one in sorted(targets.items()) for group in _groups_of(one)}
        copies: list[Body] = []

        def known(rule: Mapping[str, Any], target: Body) -> Mapping[str, Any]:
            key, group = key_of(target), ("HTTPRouteGroup", namespace_of(target), str(rule.get("name")))
            if group not in groups or rule.get("kind") != "HTTPRouteGroup":
                return rule
            old = first.setdefault((key, group), groups[group])
            if last[group] == key:
                return rule
            copies.append(renamed(old, f"{group[2]} as {key[2]} found it"))
            return {**rule, "name": copies[-1]["metadata"]["name"]}

        def told(target: Body) -> Body:
            return with_field(target, "rules", [known(one, target) for one in field(target, "rules") or ()])

        return [*(told(one) if kind_of(one) == "TrafficTarget" else one for one in objects), *copies]

    return stage


def _groups_of(target: Body) -> Iterable[ObjectKey]:
    named = [one for one in field(target, "rules") or () if one.get("kind") == ROUTE_KINDS[0]]
    return (("HTTPRouteGroup", namespace_of(target), str(one.get("name"))) for one in named)


def _dropping_shared_backends() -> ObjectStage:
    """The backends of a split that is deleted are taken from every other that has them, until that is written
    again.
    """
    before: dict[ObjectKey, Body] = {}
    lost: dict[ObjectKey, tuple[Any, set[str]]] = {}

    def stage(objects: Objects) -> Objects:
        now = _of(objects, "TrafficSplit")
        for gone in before.keys() - now.keys():
            for key, one in now.items():
                if key[1] == gone[1]:
                    lost.setdefault(key, (text_of(one), set()))[1].update(_backends(before[gone]))
        before.clear()
        before.update(now)
        return [_without_lost(one) if kind_of(one) == "TrafficSplit" else one for one in objects]

    def _without_lost(split: Body) -> Body:
        text, gone = lost.get(key_of(split), (None, set()))
        if text != text_of(split):
            return split
        left = [one for one in field(split, "backends") or () if one.get("service") not in gone]
        return with_field(split, "backends", left)

    return stage


def _backends(split: Body) -> Iterable[str]:
    return (str(one.get("service")) for one in field(split, "backends") or ())


FAULTS = (
    Fault(
        name="last-written-target-wins",
        says="Of several targets for a destination only those count that were made or edited last.",
        objects=_losing(["TrafficTarget"], _beside_written),
    ),
    Fault(
        name="edit-takes-from-others",
        says="What an edit takes away from one target is taken from every other for the same destination as well.",
        objects=_taking_from_others,
    ),
    Fault(
        name="edit-clears-former-destination",
        says="A target that is given another destination clears the one before, also where another target has come.",
        objects=_losing(["TrafficTarget"], _in_former_place(_destination)),
    ),
    Fault(
        name="route-edit-reaches-one-target",
        says="Of several targets that use a route group only one hears of its edits.",
        objects=_telling_one_target,
    ),
    Fault(
        name="deletes-by-name",
        says="An object that is deleted takes those of its name in other namespaces with it.",
        objects=_losing(SMI_KINDS, _namesakes_of_deleted),
    ),
    Fault(
        name="split-edit-clears-former-root",
        says="A split that is given another root clears the one before, though another split has come there.",
        objects=_losing(["TrafficSplit"], _in_former_place(_root)),
    ),
    Fault(
        name="split-delete-drops-shared-backends",
        says="A split that is deleted takes its backends away from other splits that have them.",
        objects=_dropping_shared_backends,
    ),
)
