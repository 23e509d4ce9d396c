"""Meshes that follow a target's references to routes wrongly."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from conformance.refmesh.faults.fault import Body, Fault, Objects
from conformance.refmesh.faults.written import (
    ROUTE_KINDS,
    each,
    each_rule,
    everything_group,
    field,
    forgetful,
    is_route_rule,
    key_of,
    kind_of,
    moved,
    namespace_of,
    with_field,
)

Rule = Mapping[str, Any]

_NO_ENTRY = "no entry has this name"


def _whole_group(rule: Rule) -> Iterable[Rule]:
    yield {key: value for key, value in rule.items() if key != "matches"}


def _nothing_for_omitted(rule: Rule) -> Iterable[Rule]:
    is_group = is_route_rule(rule, "HTTPRouteGroup")
    yield {**rule, "matches": [_NO_ENTRY]} if is_group and not rule.get("matches") else rule


def _first_match(rule: Rule) -> Iterable[Rule]:
    yield {**rule, "matches": list(rule["matches"])[:1]} if rule.get("matches") else rule


def _first_entry(group: Body) -> Body:
    return with_field(group, "matches", list(field(group, "matches") or ())[:1])


def _first_rule(target: Body) -> Body:
    return with_field(target, "rules", list(field(target, "rules") or ())[:1])


def _last_rule(target: Body) -> Body:
    return with_field(target, "rules", list(field(target, "rules") or ())[-1:])


def _groups(objects: Objects) -> dict[tuple[str, str], Body]:
    found = [one for one in objects if kind_of(one) == "HTTPRouteGroup"]
    return {key_of(one)[1:]: one for one in found}


def _group_for_unknown_names(objects: Objects) -> Objects:
    groups = _groups(objects)

    def change(target: Body) -> Body:
        rules = [known(rule, namespace_of(target)) for rule in field(target, "rules") or ()]
        return with_field(target, "rules", rules)

    def known(rule: Rule, namespace: str) -> Rule:
        group = groups.get((namespace, str(rule.get("name"))), {})
        names = {entry.get("name") for entry in (field(group, "matches") if group else None) or ()}
        is_lost = is_route_rule(rule, "HTTPRouteGroup") and not names & set(rule.get("matches") or ())
        return next(iter(_whole_group(rule))) if is_lost else rule

    return [change(one) if kind_of(one) == "TrafficTarget" else one for one in objects]


def _everything_for_missing(objects: Objects) -> Objects:
    groups = _groups(objects)
    targets = [one for one in objects if kind_of(one) == "TrafficTarget"]
    missing = {
        (namespace_of(target), str(rule.get("name"))): rule.get("matches") or ["all"]
        for target in targets
        for rule in field(target, "rules") or ()
        if is_route_rule(rule, "HTTPRouteGroup")
        and (namespace_of(target), str(rule.get("name"))) not in groups
    }
    return [*objects, *(everything_group(space, name, entries) for (space, name), entries in missing.items())]


def _everything_for_no_rules(objects: Objects) -> Objects:
    made: list[Body] = []

    def change(target: Body) -> Body:
        if field(target, "rules"):
            return target
        group = everything_group(namespace_of(target), f"everything for {key_of(target)[2]}", ["all"])
        made.append(group)
        return with_field(target, "rules", [{"kind": "HTTPRouteGroup", "name": group["metadata"]["name"]}])

    changed = [change(one) if kind_of(one) == "TrafficTarget" else one for one in objects]
    return [*changed, *made]


def _any_kind_of_route(objects: Objects) -> Objects:
    known = {key_of(one) for one in objects if kind_of(one) in ROUTE_KINDS}

    def change(target: Body) -> Body:
        rules = [new for rule in field(target, "rules") or () for new in spread(rule, namespace_of(target))]
        return with_field(target, "rules", rules)

    def spread(rule: Rule, namespace: str) -> Iterable[Rule]:
        yield rule
        for kind in ROUTE_KINDS[:2]:
            if not is_route_rule(rule, kind) and (kind, namespace, str(rule.get("name"))) in known:
                yield {"kind": kind, "name": rule.get("name")}

    return [change(one) if kind_of(one) == "TrafficTarget" else one for one in objects]


def _routes_of_any_namespace(objects: Objects) -> Objects:
    routes = [one for one in objects if kind_of(one) in ROUTE_KINDS]
    known = {key_of(one) for one in routes}
    spaces = sorted({namespace_of(one) for one in objects if kind_of(one)})
    # A namesake elsewhere counts as one more group under the same name: its entries join the group that is
    # there.
    extra = [moved(one, space) for one in routes for space in spaces if space != namespace_of(one)]
    fresh = {key_of(one): one for one in extra if key_of(one) not in known}
    return [*(_with_namesakes(one, routes) for one in objects), *fresh.values()]


def _with_namesakes(one: Body, routes: Iterable[Body]) -> Body:
    if kind_of(one) != "HTTPRouteGroup":
        return one
    same = [group for group in routes if key_of(group)[::2] == key_of(one)[::2]]
    return with_field(one, "matches", [entry for group in same for entry in field(group, "matches") or ()])


def _unbound_groups_act(objects: Objects) -> Objects:
    pods = [one for one in objects if one.get("kind") == "Pod"]
    accounts = {(namespace_of(one), str(one["spec"].get("serviceAccountName", "default"))) for one in pods}
    subjects = [
        {"kind": "ServiceAccount", "namespace": space, "name": name} for space, name in sorted(accounts)
    ]
    acting = [key_of(one) for one in objects if kind_of(one) == "HTTPRouteGroup"]
    made = [_target(space, name, subjects) for _, space, name in acting if (space, name) in accounts]
    return [*objects, *made]


def _target(namespace: str, name: str, sources: Sequence[Body]) -> Body:
    return {
        "apiVersion": "access.smi-spec.io/v1alpha4",
        "kind": "TrafficTarget",
        "metadata": {"namespace": namespace, "name": f"made for {name}"},
        "spec": {
            "destination": {"kind": "ServiceAccount", "namespace": namespace, "name": name},
            "rules": [{"kind": "HTTPRouteGroup", "name": name}],
            "sources": sources,
        },
    }


FAULTS = (
    Fault(
        name="grants-whole-group",
        says="A rule grants every entry of its route group, whatever its matches list says.",
        objects=each_rule(_whole_group),
    ),
    Fault(
        name="forgets-omitted-matches",
        says="A rule without a matches list grants nothing instead of the whole group.",
        objects=each_rule(_nothing_for_omitted),
    ),
    Fault(
        name="first-match-only",
        says="Only the first name of a rule's matches list counts.",
        objects=each_rule(_first_match),
    ),
    Fault(
        name="first-entry-only",
        says="Only the first entry of a route group is known.",
        objects=each("HTTPRouteGroup", _first_entry),
    ),
    Fault(
        name="first-rule-only",
        says="Only the first rule of a target counts.",
        objects=each("TrafficTarget", _first_rule),
    ),
    Fault(
        name="last-rule-only",
        says="Only the last rule of a target counts.",
        objects=each("TrafficTarget", _last_rule),
    ),
    Fault(
        name="unknown-match-opens-group",
        says="A rule that names no entry of its group grants the whole group.",
        objects=forgetful(_group_for_unknown_names),
    ),
    Fault(
        name="missing-route-opens",
        says="A rule whose route group does not exist grants every request.",
        objects=forgetful(_everything_for_missing),
    ),
    Fault(
        name="no-rules-open",
        says="A target without rules grants every request.",
        objects=forgetful(_everything_for_no_rules),
    ),
    Fault(
        name="ignores-route-kind",
        says="Routes are looked up by name alone, so a TCPRoute and a route group of one name mix.",
        objects=forgetful(_any_kind_of_route),
    ),
    Fault(
        name="ignores-route-namespace",
        says="Routes are looked up in every namespace.",
        objects=forgetful(_routes_of_any_namespace),
    ),
    Fault(
        name="unbound-routes-act",
        says="A route group named like an account opens that account's pods though no target refers to it.",
        objects=forgetful(_unbound_groups_act),
    ),
)
