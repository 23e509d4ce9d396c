"""Meshes that mistake who calls, or who is called."""

from collections.abc import Iterable
from dataclasses import replace

from conformance.refmesh.faults.fault import Body, Fault, Objects
from conformance.refmesh.faults.understood import each_grant
from conformance.refmesh.faults.written import each, field, forgetful, kind_of, namespace_of, with_field
from conformance.refmesh.policy import Grant, Identity, Labelled, Party
from conformance.refmesh.world import MeshWorld


def _identities(world: MeshWorld) -> frozenset[Identity]:
    return frozenset(pod.identity for pod in world.pods)


def _namesakes(party: Party, world: MeshWorld) -> frozenset[Party]:
    if isinstance(party, Labelled):
        return frozenset({party})
    return frozenset({party, *(one for one in _identities(world) if one.account == party.account)})


def _any_namespace_of_source(grant: Grant, world: MeshWorld) -> Iterable[Grant]:
    named = [_namesakes(source, world) for source in grant.sources]
    yield replace(grant, sources=frozenset().union(*named))


def _any_namespace_of_destination(grant: Grant, world: MeshWorld) -> Iterable[Grant]:
    for one in sorted(_namesakes(grant.destination, world), key=repr):
        yield replace(grant, destination=one)


def _by_label(party: Party) -> Party:
    if isinstance(party, Labelled):
        return party
    return Labelled(party.namespace, (("app", party.account),))


def _labels_for_accounts(grant: Grant, world: MeshWorld) -> Iterable[Grant]:
    del world
    yield replace(grant, sources=frozenset(_by_label(source) for source in grant.sources))


def _destination_by_label(grant: Grant, world: MeshWorld) -> Iterable[Grant]:
    del world
    yield replace(grant, destination=_by_label(grant.destination))


def _whole_namespace(grant: Grant, world: MeshWorld) -> Iterable[Grant]:
    yield grant
    for one in sorted(_identities(world)):
        if one.namespace == grant.destination.namespace and one != grant.destination:
            yield replace(grant, destination=one)


def _neighbours(grant: Grant, world: MeshWorld) -> Iterable[Grant]:
    near = [one for one in _identities(world) if one.namespace == grant.destination.namespace]
    yield replace(grant, sources=grant.sources | frozenset(near))


def _own_account(grant: Grant, world: MeshWorld) -> Iterable[Grant]:
    del world
    yield replace(grant, sources=grant.sources | {grant.destination})


def _labels_everywhere(grant: Grant, world: MeshWorld) -> Iterable[Grant]:
    spaces = sorted({pod.namespace for pod in world.pods})

    def spread(party: Party) -> frozenset[Party]:
        if isinstance(party, Labelled):
            return frozenset(replace(party, namespace=space) for space in spaces)
        return frozenset({party})

    yield replace(grant, sources=frozenset().union(*(spread(source) for source in grant.sources)))


def _first_source(target: Body) -> Body:
    return with_field(target, "sources", list(field(target, "sources") or ())[:1])


def _accounts_of(objects: Objects) -> list[Body]:
    pods = [one for one in objects if one.get("kind") == "Pod"]
    found = {(namespace_of(one), str(one["spec"].get("serviceAccountName", "default"))) for one in pods}
    return [{"kind": "ServiceAccount", "namespace": space, "name": name} for space, name in sorted(found)]


def _anybody_for_nobody(objects: Objects) -> Objects:
    everybody = _accounts_of(objects)

    def change(one: Body) -> Body:
        is_empty = kind_of(one) == "TrafficTarget" and not field(one, "sources")
        return with_field(one, "sources", everybody) if is_empty else one

    return [change(one) for one in objects]


def _every_namespace_for_none(objects: Objects) -> Objects:
    namespaces = sorted({namespace_of(one) for one in objects if one.get("kind") == "Pod"})

    def spread(subject: Body) -> list[Body]:
        if subject.get("namespace"):
            return [subject]
        return [{**subject, "namespace": namespace} for namespace in namespaces]

    def change(one: Body) -> Body:
        sources = field(one, "sources") or ()
        return with_field(one, "sources", [new for subject in sources for new in spread(subject)])

    return [change(one) if kind_of(one) == "TrafficTarget" else one for one in objects]


def _any_kind_is_an_account(target: Body) -> Body:
    def account(subject: Body) -> Body:
        return {**subject, "kind": "ServiceAccount"}

    changed = with_field(target, "sources", [account(one) for one in field(target, "sources") or ()])
    return with_field(changed, "destination", account(field(target, "destination") or {}))


def _every_scheme(binding: Body) -> Body:
    """Of an account and SPIFFE identities beside it leave what is both."""
    schemes = field(binding, "schemes") or {}
    account, listed = schemes.get("serviceAccount"), schemes.get("spiffeIdentities")
    if not account or not listed:
        return binding
    both = [one for one in listed if str(one).endswith(f"/sa/{account}")]
    return with_field(binding, "schemes", {"spiffeIdentities": both})


FAULTS = (
    Fault(
        name="first-source-only",
        says="Only the first entry of a target's sources is granted anything.",
        objects=each("TrafficTarget", _first_source),
    ),
    Fault(
        name="empty-sources-open",
        says="A target without sources lets every account in.",
        objects=forgetful(_anybody_for_nobody),
    ),
    Fault(
        name="ignores-source-namespace",
        says="A source is compared by its account's name alone, so its namesake in another namespace gets"
        " in.",
        policy=each_grant(_any_namespace_of_source),
    ),
    Fault(
        name="ignores-destination-namespace",
        says="A destination is found by its account's name alone, so its namesake in another namespace"
        " opens too.",
        policy=each_grant(_any_namespace_of_destination),
    ),
    Fault(
        name="omitted-namespace-is-any",
        says="A source without a namespace is taken for that account in every namespace.",
        objects=forgetful(_every_namespace_for_none),
    ),
    Fault(
        name="identity-from-labels",
        says="A caller is known by its pod's app label instead of its service account.",
        policy=each_grant(_labels_for_accounts),
    ),
    Fault(
        name="any-kind-is-an-account",
        says="A subject of an unknown kind is read as the service account of that name.",
        objects=each("TrafficTarget", _any_kind_is_an_account),
    ),
    Fault(
        name="binding-labels-everywhere",
        says="An IdentityBinding's label selector reaches into every namespace.",
        policy=each_grant(_labels_everywhere),
    ),
    Fault(
        name="binding-wants-every-scheme",
        says="Who holds an IdentityBinding's identity has to meet every scheme of it.",
        objects=each("IdentityBinding", _every_scheme),
    ),
    Fault(
        name="grants-whole-namespace",
        says="A grant opens every destination in the namespace, not only the one the target names.",
        policy=each_grant(_whole_namespace),
    ),
    Fault(
        name="trusts-same-namespace",
        says="Once a destination has a grant, everybody in its own namespace may use it.",
        policy=each_grant(_neighbours),
    ),
    Fault(
        name="destination-from-labels",
        says="A destination's pods are found by their app label, so others that run as its account stay closed.",
        policy=each_grant(_destination_by_label),
    ),
    Fault(
        name="trusts-same-account",
        says="Pods that run as the destination's own account may call it without being a source.",
        policy=each_grant(_own_account),
    ),
)
