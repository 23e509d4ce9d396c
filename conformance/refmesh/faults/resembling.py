"""Meshes that take one name for another that resembles it."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from conformance.refmesh.faults.fault import Body, Fault, Objects, ObjectStage
from conformance.refmesh.faults.understood import each_grant
from conformance.refmesh.faults.written import (
    each,
    field,
    forgetful,
    key_of,
    kind_of,
    namespace_of,
    with_field,
)
from conformance.refmesh.policy import Grant, Identity, Labelled, Party
from conformance.refmesh.world import MeshWorld, Pod


def _begun_by(party: Party, world: MeshWorld) -> frozenset[Party]:
    """Give the accounts of a party's namespace whose names begin with its own."""
    if isinstance(party, Labelled):
        return frozenset({party})
    near = {pod.identity for pod in world.pods if pod.namespace == party.namespace}
    return frozenset({party, *(one for one in near if one.account.startswith(party.account))})


def _source_begins(grant: Grant, world: MeshWorld) -> Iterable[Grant]:
    yield replace(grant, sources=frozenset().union(*(_begun_by(source, world) for source in grant.sources)))


def _destination_begins(grant: Grant, world: MeshWorld) -> Iterable[Grant]:
    for one in sorted(_begun_by(grant.destination, world), key=repr):
        yield replace(grant, destination=one)


def _service_of_that_name(grant: Grant, world: MeshWorld) -> Iterable[Grant]:
    yield grant
    if isinstance(grant.destination, Labelled):
        return
    service = world.service(grant.destination.namespace, grant.destination.account)
    if service and service.selector:
        yield replace(grant, destination=Labelled(service.namespace, tuple(sorted(service.selector.items()))))


def _by_deployment(grant: Grant, world: MeshWorld) -> Iterable[Grant]:
    named = [_made_by(source, world) for source in grant.sources]
    yield replace(grant, sources=frozenset().union(*named))


def _made_by(party: Party, world: MeshWorld) -> frozenset[Party]:
    """Give the pods of the Deployment that is called like the account; their labels tell them apart."""
    if isinstance(party, Labelled):
        return frozenset({party})
    pods = [one for one in world.pods if Identity(one.namespace, _deployment(one)) == party]
    return frozenset(Labelled(one.namespace, tuple(sorted(one.labels.items()))) for one in pods)


def _deployment(pod: Pod) -> str:
    """Take its own suffix, and its ReplicaSet's, off a pod's name."""
    template = pod.labels.get("pod-template-hash", "")
    return pod.name.rpartition("-")[0].removesuffix(f"-{template}")


def _one_of_each_name(kind: str) -> ObjectStage:
    def stage(objects: Objects) -> Objects:
        found = sorted((one for one in objects if kind_of(one) == kind), key=key_of)
        last = {key_of(one)[2]: key_of(one) for one in found}
        return [one for one in objects if kind_of(one) != kind or last[key_of(one)[2]] == key_of(one)]

    return stage


def _entries_by_name(objects: Objects) -> Objects:
    groups = sorted((one for one in objects if kind_of(one) == "HTTPRouteGroup"), key=key_of)
    known: dict[tuple[str, Any], Any] = {}
    for group in groups:
        for entry in field(group, "matches") or ():
            known[namespace_of(group), entry.get("name")] = entry

    def change(group: Body) -> Body:
        space = namespace_of(group)
        entries = [known[space, one.get("name")] for one in field(group, "matches") or ()]
        return with_field(group, "matches", entries)

    return [change(one) if kind_of(one) == "HTTPRouteGroup" else one for one in objects]


def _group_is_an_account(target: Body) -> Body:
    """Read every kind but IdentityBinding as a service account."""

    def account(subject: Body) -> Body:
        return subject if subject.get("kind") == "IdentityBinding" else {**subject, "kind": "ServiceAccount"}

    return with_field(target, "sources", [account(one) for one in field(target, "sources") or ()])


FAULTS = (
    Fault(
        name="source-name-is-a-prefix",
        says="A source stands for every account of its namespace whose name begins with it.",
        policy=each_grant(_source_begins),
    ),
    Fault(
        name="destination-name-is-a-prefix",
        says="A destination stands for every account of its namespace whose name begins with it.",
        policy=each_grant(_destination_begins),
    ),
    Fault(
        name="destination-may-be-a-service",
        says="A destination's name is also looked up among Services, whose pods it opens whatever they run as.",
        policy=each_grant(_service_of_that_name),
    ),
    Fault(
        name="identity-from-deployment",
        says="A caller is known by the name of its Deployment instead of its service account.",
        policy=each_grant(_by_deployment),
    ),
    Fault(
        name="group-is-an-account",
        says="A source of kind Group is read as the service account of that name.",
        objects=each("TrafficTarget", _group_is_an_account),
    ),
    Fault(
        name="targets-keyed-by-name",
        says="Of two targets of one name in two namespaces only one counts.",
        objects=forgetful(_one_of_each_name("TrafficTarget")),
    ),
    Fault(
        name="splits-keyed-by-name",
        says="Of two splits of one name in two namespaces only one counts.",
        objects=forgetful(_one_of_each_name("TrafficSplit")),
    ),
    Fault(
        name="entries-keyed-by-name",
        says="Of two entries of one name in two route groups of a namespace only one counts, for both.",
        objects=forgetful(_entries_by_name),
    ),
)
