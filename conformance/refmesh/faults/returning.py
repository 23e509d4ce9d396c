"""Meshes that go by what they know already, and so overlook what comes back, or what an edit takes away."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from conformance.refmesh.faults.fault import Body, Fault, Objects, ObjectStage
from conformance.refmesh.faults.written import (
    SMI_KINDS,
    ObjectKey,
    field,
    key_of,
    kind_of,
    text_of,
    with_field,
)


def _finding_again() -> ObjectStage:
    """An object that is made again under a name of before has its text of before, until it is edited."""
    known: dict[ObjectKey, Body] = {}
    there: set[ObjectKey] = set()
    overlooked: dict[ObjectKey, Any] = {}

    def seen(one: Body) -> Body:
        key, text = key_of(one), text_of(one)
        if key in known and key not in there:
            overlooked[key] = text
        if overlooked.get(key) != text:
            overlooked.pop(key, None)
            known[key] = one
        return known[key]

    def stage(objects: Objects) -> Objects:
        found = [seen(one) if kind_of(one) in SMI_KINDS else one for one in objects]
        there.clear()
        there.update(key_of(one) for one in objects if kind_of(one) in SMI_KINDS)
        return found

    return stage


def _passing_over(
    kinds: tuple[str, ...], is_no_news: Callable[[Body, list[Body]], bool]
) -> Callable[[], ObjectStage]:
    """Make a stage that stays with what it has where a text is no news against those that came before it."""

    def make() -> ObjectStage:
        taken: dict[ObjectKey, list[Body]] = {}

        def seen(one: Body) -> Body:
            texts = taken.setdefault(key_of(one), [])
            if not texts or not is_no_news(one, texts):
                texts.append(one)
            return texts[-1]

        def stage(objects: Objects) -> Objects:
            for gone in taken.keys() - {key_of(one) for one in objects}:
                del taken[gone]
            return [seen(one) if kind_of(one) in kinds else one for one in objects]

        return stage

    return make


def _is_known(one: Body, texts: list[Body]) -> bool:
    return any(text_of(one) == text_of(each) for each in texts)


def _is_granted(one: Body, texts: list[Body]) -> bool:
    """Say whether an object has the destination of its last text, and no source, rule or entry that this had not."""
    last = texts[-1]
    return field(one, "destination") == field(last, "destination") and all(
        each in (field(last, name) or ())
        for name in ("sources", "rules", "matches")
        for each in field(one, name) or ()
    )


def _going_forward() -> ObjectStage:
    """A split whose backends stay the same never takes share away from the last of them."""
    known: dict[ObjectKey, Body] = {}

    def seen(split: Body) -> Body:
        before = known.get(key_of(split))
        same = before and [one.get("service") for one in field(before, "backends") or ()] == [
            one.get("service") for one in field(split, "backends") or ()
        ]
        if not (before and same and _last_share(split) < _last_share(before)):
            known[key_of(split)] = split
        return known[key_of(split)]

    def stage(objects: Objects) -> Objects:
        for gone in known.keys() - {key_of(one) for one in objects}:
            del known[gone]
        return [seen(one) if kind_of(one) == "TrafficSplit" else one for one in objects]

    return stage


def _last_share(split: Body) -> Fraction:
    """Give the last backend's share; weights that are no whole numbers count as none."""
    listed = [str(one.get("weight")) for one in field(split, "backends") or ()]
    weights = [int(one) if one.isdecimal() else 0 for one in listed]
    return Fraction(weights[-1], sum(weights)) if sum(weights) else Fraction(0)


def _keeping_omitted() -> ObjectStage:
    """An entry of an edited group keeps each condition that the edit leaves out."""
    known: dict[ObjectKey, Body] = {}

    def laid_over(group: Body) -> Body:
        before = known.get(key_of(group))
        old = {one.get("name"): one for one in field(before, "matches") or ()} if before else {}
        entries = [{**old.get(one.get("name"), {}), **one} for one in field(group, "matches") or ()]
        known[key_of(group)] = with_field(group, "matches", entries)
        return known[key_of(group)]

    def stage(objects: Objects) -> Objects:
        for gone in known.keys() - {key_of(one) for one in objects}:
            del known[gone]
        return [laid_over(one) if kind_of(one) == "HTTPRouteGroup" else one for one in objects]

    return stage


FAULTS = (
    Fault(
        name="made-again-as-before",
        says="An object that is made again under the name of a deleted one counts as that one did.",
        objects=_finding_again,
    ),
    Fault(
        name="edits-taken-back-are-missed",
        says="A target or a route that is edited to a text that it had before stays as it is.",
        objects=_passing_over(("TrafficTarget", "HTTPRouteGroup", "TCPRoute"), _is_known),
    ),
    Fault(
        name="narrowing-edits-are-missed",
        says="An edit of a target or route group that adds nothing is passed over, also if it takes something away.",
        objects=_passing_over(("TrafficTarget", "HTTPRouteGroup"), _is_granted),
    ),
    Fault(
        name="edits-keep-omitted-fields",
        says="An edited route group is laid over what it was, so that a condition which the edit leaves out stays.",
        objects=_keeping_omitted,
    ),
    Fault(
        name="split-never-rolls-back",
        says="The last backend of a split keeps its share when an edit gives it less.",
        objects=_going_forward,
    ),
)
