"""Meshes that do not tell new pods, raw TCP or IdentityBindings what they tell the rest. They remember what was there
first.
"""

from collections.abc import Iterable
from typing import Any

from conformance.refmesh.faults.fault import Body, Fault, Objects, ObjectStage
from conformance.refmesh.faults.successors import (
    Account,
    PodsOfThen,
    account_of,
    first_of_their_kind,
    pod_key,
    pods_among,
    target_for,
)
from conformance.refmesh.faults.written import (
    ObjectKey,
    field,
    is_route_rule,
    key_of,
    kind_of,
    named_account,
    namespace_of,
    renamed,
    text_of,
    with_field,
)

_TCP = "raw-tcp-to-all"


def _late_accounts(objects: Objects, late: frozenset[Account]) -> frozenset[Account]:
    return frozenset(account_of(one) for one in pods_among(objects) if pod_key(one) in late)


def _missing_edits() -> ObjectStage:
    """Pods that came later go on with the targets that there were when they came."""
    later = first_of_their_kind()
    found: dict[Account, list[Body]] = {}

    def stage(objects: Objects) -> Objects:
        for account in _late_accounts(objects, later(objects)):
            found.setdefault(account, [one for one in objects if _destination(one) == account])
        kept = [one for targets in found.values() for one in targets]
        return [*(one for one in objects if _destination(one) not in found), *kept]

    return stage


def _destination(one: Body) -> Account | None:
    if kind_of(one) != "TrafficTarget":
        return None
    return named_account(field(one, "destination") or {}, one)


def _open_to_tcp() -> ObjectStage:
    """Everybody may open raw connections to pods that came later."""
    later = first_of_their_kind()

    def stage(objects: Objects) -> Objects:
        callers = sorted({account_of(one) for one in pods_among(objects)})
        late = sorted(_late_accounts(objects, later(objects)))
        return [*objects, *(new for account in late for new in _tcp_to(account, callers))]

    return stage


def _tcp_to(account: Account, callers: Iterable[Account]) -> Iterable[Body]:
    """Write a target that opens raw TCP; the group that it names as well does not exist, so that HTTP stays shut."""
    namespace, name = account[0], f"{_TCP}-{account[1]}"
    yield {
        "apiVersion": "specs.smi-spec.io/v1alpha3",
        "kind": "TCPRoute",
        "metadata": {"namespace": namespace, "name": name},
        "spec": {},
    }
    yield target_for(account, callers, name, ["TCPRoute", "HTTPRouteGroup"])


def _keeping_tcp() -> ObjectStage:
    """What a target has ever granted over raw TCP stays granted."""
    had: dict[ObjectKey, list[Body]] = {}

    def stage(objects: Objects) -> Objects:
        now = {key_of(one): one for one in objects if kind_of(one) == "TrafficTarget"}
        for key, one in now.items():
            texts = had.setdefault(key, [])
            if all(text_of(one) != text_of(each) for each in texts):
                texts.append(one)
        old = [
            renamed(_tcp_alone(each), f"{key[2]} of then {number}")
            for key, texts in had.items()
            for number, each in enumerate(texts)
            if key not in now or text_of(each) != text_of(now[key])
        ]
        return [*objects, *old]

    return stage


def _tcp_alone(target: Body) -> Body:
    rules = [one for one in field(target, "rules") or () if is_route_rule(one, "TCPRoute")]
    return with_field(target, "rules", rules)


def _binding_pods_of_then() -> ObjectStage:
    """A binding's labels stand for the pods that carry them when it is first seen."""
    then = PodsOfThen("IdentityBinding")

    def stage(objects: Objects) -> Objects:
        then.learn(objects)
        bindings = [one for one in objects if kind_of(one) == "IdentityBinding"]

        def seen(one: Body) -> Body:
            near = [each for each in bindings if namespace_of(each) == namespace_of(one)]
            is_late = one.get("kind") == "Pod" and any(not then.knows(each, one) for each in near)
            return {**one, "metadata": {**one["metadata"], "labels": {}}} if is_late else one

        return [seen(one) for one in objects]

    return stage


def _merging_schemes() -> ObjectStage:
    """A scheme that an edit takes off a binding still lets callers in, until the binding is deleted."""
    had: dict[ObjectKey, dict[str, Any]] = {}

    def stage(objects: Objects) -> Objects:
        bindings = {key_of(one): one for one in objects if kind_of(one) == "IdentityBinding"}
        for gone in had.keys() - bindings.keys():
            del had[gone]
        old: dict[ObjectKey, list[Body]] = {}
        for key, one in bindings.items():
            schemes, known = field(one, "schemes") or {}, had.setdefault(key, {})
            old[key] = [
                renamed(with_field(one, "schemes", {name: scheme}), f"{key[2]} with its former {name}")
                for name, scheme in known.items()
                if name not in schemes
            ]
            known.update(schemes)

        def spread(target: Body) -> Body:
            sources = [new for one in field(target, "sources") or () for new in (one, *former(one, target))]
            return with_field(target, "sources", sources)

        def former(source: Body, target: Body) -> Iterable[Body]:
            namespace = source.get("namespace") or namespace_of(target)
            found = old.get((str(source.get("kind")), namespace, str(source.get("name"))), ())
            return ({**source, "name": one["metadata"]["name"]} for one in found)

        told = [spread(one) if kind_of(one) == "TrafficTarget" else one for one in objects]
        return [*told, *(one for some in old.values() for one in some)]

    return stage


FAULTS = (
    Fault(
        name="successors-miss-edits",
        says="A pod that takes another's place goes on with the targets that it found, whatever becomes of them.",
        objects=_missing_edits,
    ),
    Fault(
        name="successors-open-to-tcp",
        says="A pod that takes another's place guards its HTTP ports and is open to raw TCP.",
        objects=_open_to_tcp,
    ),
    Fault(
        name="tcp-grants-stay",
        says="Raw TCP stays open to those whom a target listed before it was edited or deleted.",
        objects=_keeping_tcp,
    ),
    Fault(
        name="binding-knows-pods-of-then",
        says="The labels of an IdentityBinding stand for the pods that carried them when it was made.",
        objects=_binding_pods_of_then,
    ),
    Fault(
        name="binding-edits-merge-schemes",
        says="A scheme that an edit takes off an IdentityBinding goes on standing for its workloads.",
        objects=_merging_schemes,
    ),
)
