"""Meshes that do not get along with pods that take another's place. They remember which pods there were."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from conformance.refmesh.faults.fault import Body, Fault, Objects, ObjectStage
from conformance.refmesh.faults.written import (
    ObjectKey,
    everything_group,
    field,
    key_of,
    kind_of,
    named_account,
    namespace_of,
    with_field,
)

_NOBODY = "nobody-that-is-known"
_OPEN = "open-as-it-came-later"

Account = tuple[str, str]
"""Namespace and name."""


def pod_key(pod: Body) -> Account:
    """Say which pod this is."""
    return namespace_of(pod), str(pod["metadata"]["name"])


def account_of(pod: Body) -> Account:
    """Say as whom a pod runs."""
    return namespace_of(pod), str(pod["spec"].get("serviceAccountName", "default"))


def pods_among(objects: Objects) -> list[Body]:
    """Pick the pods."""
    return [one for one in objects if one.get("kind") == "Pod"]


def _with_account(pod: Body, account: str) -> Body:
    return {**pod, "spec": {**pod["spec"], "serviceAccountName": account}}


class PodsOfThen:
    """Remembers for each object of a kind which pods there were when it was first seen, until it is deleted."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._then: dict[ObjectKey, frozenset[Account]] = {}

    def learn(self, objects: Objects) -> None:
        """Take note of objects that are new, and forget those that are gone."""
        keys = {key_of(one) for one in objects if kind_of(one) == self._kind}
        now = frozenset(map(pod_key, pods_among(objects)))
        self._then = {key: self._then.get(key, now) for key in keys}

    def knows(self, one: Body, pod: Body) -> bool:
        """Say whether a pod is as old as an object."""
        return pod_key(pod) in self._then[key_of(one)]


def _closing_later_destinations() -> ObjectStage:
    """A pod that is younger than every target about its account has an account that nobody knows."""
    then = PodsOfThen("TrafficTarget")

    def stage(objects: Objects) -> Objects:
        then.learn(objects)
        targets = [one for one in objects if kind_of(one) == "TrafficTarget"]

        def seen(pod: Body) -> Body:
            about = [
                one
                for one in targets
                if named_account(field(one, "destination") or {}, one) == account_of(pod)
            ]
            is_late = about and not any(then.knows(one, pod) for one in about)
            return _with_account(pod, _NOBODY) if is_late else pod

        return [seen(one) if one.get("kind") == "Pod" else one for one in objects]

    return stage


def _dropping_later_sources() -> ObjectStage:
    """A source whose pods are all younger than the target is none."""
    then = PodsOfThen("TrafficTarget")

    def stage(objects: Objects) -> Objects:
        then.learn(objects)

        def counts(source: Mapping[str, Any], target: Body) -> bool:
            mine = [pod for pod in pods_among(objects) if account_of(pod) == named_account(source, target)]
            return not mine or any(then.knows(target, pod) for pod in mine)

        def seen(target: Body) -> Body:
            sources = [one for one in field(target, "sources") or () if counts(one, target)]
            return with_field(target, "sources", sources)

        return [seen(one) if kind_of(one) == "TrafficTarget" else one for one in objects]

    return stage


def first_of_their_kind() -> Callable[[Objects], frozenset[Account]]:
    """Remember the pods that were first seen of each set of labels; give those that came after they had gone."""
    first: dict[tuple[str, str], frozenset[Account]] = {}

    def later(objects: Objects) -> frozenset[Account]:
        sets: dict[tuple[str, str], set[Account]] = {}
        for pod in pods_among(objects):
            labels = sorted((pod["metadata"].get("labels") or {}).items())
            sets.setdefault((namespace_of(pod), str(labels)), set()).add(pod_key(pod))
        found: set[Account] = set()
        for kind, pods in sets.items():
            known = first.setdefault(kind, frozenset(pods))
            found |= set() if known & pods else pods
        return frozenset(found)

    return later


def _behind_no_service() -> ObjectStage:
    later = first_of_their_kind()

    def stage(objects: Objects) -> Objects:
        late = later(objects)

        def seen(one: Body) -> Body:
            is_late = one.get("kind") == "Pod" and pod_key(one) in late
            return {**one, "metadata": {**one["metadata"], "labels": {}}} if is_late else one

        return [seen(one) for one in objects]

    return stage


def _open() -> ObjectStage:
    """Grant everybody everything at the accounts of pods that came later."""
    later = first_of_their_kind()

    def stage(objects: Objects) -> Objects:
        late = later(objects)
        opened = sorted({account_of(pod) for pod in pods_among(objects) if pod_key(pod) in late})
        callers = sorted({account_of(one) for one in pods_among(objects)})
        return [*objects, *(new for account in opened for new in _grants_to(account, callers))]

    return stage


def _grants_to(account: Account, callers: Iterable[Account]) -> Iterable[Body]:
    namespace, name = account[0], f"{account[1]}-{_OPEN}"
    yield everything_group(namespace, name, ["all"])
    yield target_for(account, callers, name, ["HTTPRouteGroup"])


def target_for(account: Account, callers: Iterable[Account], name: str, routes: Iterable[str]) -> Body:
    """Write a target that lets *callers* in at *account*, by a route of each of these kinds, all called *name*."""

    def subject(one: Account) -> Body:
        return {"kind": "ServiceAccount", "namespace": one[0], "name": one[1]}

    return {
        "apiVersion": "access.smi-spec.io/v1alpha3",
        "kind": "TrafficTarget",
        "metadata": {"namespace": account[0], "name": name},
        "spec": {
            "destination": subject(account),
            "sources": [subject(one) for one in callers],
            "rules": [{"kind": kind, "name": name} for kind in routes],
        },
    }


FAULTS = (
    Fault(
        name="grants-pods-of-then",
        says="A target opens the pods of its destination that there are when it is made, and none that come later.",
        objects=_closing_later_destinations,
    ),
    Fault(
        name="grants-callers-of-then",
        says="A target lets in the pods of its sources that there are when it is made, and none that come later.",
        objects=_dropping_later_sources,
    ),
    Fault(
        name="successors-behind-no-service",
        says="A Service leads to the pods that it had first; their successors get nothing.",
        objects=_behind_no_service,
    ),
    Fault(
        name="successors-are-open",
        says="A pod that takes another's place is open to everybody.",
        objects=_open,
    ),
)
