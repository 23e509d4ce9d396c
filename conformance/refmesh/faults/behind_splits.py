"""Meshes that judge callers wrongly where a split leads them, or follow edits of splits by half."""

from dataclasses import replace
from typing import Any

from conformance.refmesh.faults.fault import Body, Fault, Objects, ObjectStage
from conformance.refmesh.faults.grants import merged
from conformance.refmesh.faults.written import ObjectKey, field, key_of, kind_of, named_account, namespace_of
from conformance.refmesh.policy import Grant, Identity, Party, Policy, SplitRule
from conformance.refmesh.world import MeshWorld

Account = tuple[str, str]
"""Namespace and name."""


def _behind(split: SplitRule, world: MeshWorld) -> frozenset[Identity]:
    """Give the accounts of all that a split leads to."""
    services = [world.service(split.namespace, one.service) for one in split.backends]
    return frozenset(pod.identity for one in services if one for pod in world.ready_pods(one))


def _mixing(policy: Policy, world: MeshWorld) -> Policy:
    """Throw the grants of each backend of a split together."""
    behind = frozenset[Party]().union(*(_behind(one, world) for one in policy.splits))
    others = [one for one in policy.grants if one.destination not in behind]
    groups: dict[Party, list[Grant]] = {}
    for one in policy.grants:
        if one.destination in behind:
            groups.setdefault(one.destination, []).append(one)
    return replace(policy, grants=(*others, *(merged(group) for group in groups.values())))


def _knowing_earlier_grants() -> ObjectStage:
    """For the backends of a split only targets count that were there when the split was made."""
    then: dict[ObjectKey, frozenset[ObjectKey]] = {}

    def stage(objects: Objects) -> Objects:
        splits = [one for one in objects if kind_of(one) == "TrafficSplit"]
        targets = [one for one in objects if kind_of(one) == "TrafficTarget"]
        for gone in then.keys() - {key_of(one) for one in splits}:
            del then[gone]
        late: set[ObjectKey] = set()
        for split in splits:
            earlier = then.setdefault(key_of(split), frozenset(map(key_of, targets)))
            behind = _written_behind(split, objects)
            late |= {key_of(one) for one in targets if _destination(one) in behind} - earlier
        return [one for one in objects if key_of(one) not in late]

    return stage


def _destination(target: Body) -> Account:
    return named_account(field(target, "destination") or {}, target)


def _written_behind(split: Body, objects: Objects) -> frozenset[Account]:
    names = {one.get("service") for one in field(split, "backends") or ()}
    near = [one for one in objects if namespace_of(one) == namespace_of(split)]
    selectors = [
        one["spec"].get("selector") or {}
        for one in near
        if one.get("kind") == "Service" and one["metadata"]["name"] in names
    ]
    return frozenset(
        (namespace_of(one), str(one["spec"].get("serviceAccountName")))
        for one in near
        if one.get("kind") == "Pod"
        for each in selectors
        if each and each.items() <= (one["metadata"].get("labels") or {}).items()
    )


def _keeping_matches() -> ObjectStage:
    """A split goes on selecting by the groups that it referred to first."""
    first: dict[ObjectKey, Any] = {}

    def known(split: Body) -> Body:
        spec = {key: value for key, value in split["spec"].items() if key != "matches"}
        matches = first.setdefault(key_of(split), field(split, "matches"))
        return {**split, "spec": {**spec, "matches": matches} if matches else spec}

    def stage(objects: Objects) -> Objects:
        for gone in first.keys() - {key_of(one) for one in objects}:
            del first[gone]
        return [known(one) if kind_of(one) == "TrafficSplit" else one for one in objects]

    return stage


FAULTS = (
    Fault(
        name="split-mixes-callers",
        says="Behind a split, what any caller is granted is granted to all that are granted something.",
        policy=_mixing,
    ),
    Fault(
        name="split-knows-earlier-grants-only",
        says="Backends of a split are open by the targets that there were when it was made, and no later ones.",
        objects=_knowing_earlier_grants,
    ),
    Fault(
        name="split-keeps-first-matches",
        says="A split whose matches are edited goes on selecting what it selected before.",
        objects=_keeping_matches,
    ),
)
