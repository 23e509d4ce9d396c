"""Reads who a TrafficTarget speaks of: ServiceAccounts, and from v1alpha4 on IdentityBindings.

A subject of any other kind is nobody. A binding speaks only about workloads of its own namespace.
"""

from collections.abc import Mapping
from typing import Any

from conformance.refmesh.policy import Identity, Labelled, Party
from conformance.refmesh.reading.stored import Key, Stored, mapping, sequence, text
from conformance.spec import ApiVersion

Bindings = Mapping[Key, frozenset[Party]]
"""Who holds the identity of each IdentityBinding."""


def read_binding(binding: Stored, trust_domain: str) -> frozenset[Party]:
    """Read who meets any scheme of *binding*.

    Spec:
        access.smi-spec.io/v1alpha4: podLabelSelector and serviceAccount exclude each other, so a binding that
        has both is nobody, although the document's first example has both.
    """
    schemes = mapping(binding.spec.get("schemes"))
    account = text(schemes.get("serviceAccount"))
    labels = mapping(mapping(schemes.get("podLabelSelector")).get("matchLabels"))
    if "serviceAccount" in schemes and "podLabelSelector" in schemes:
        return frozenset()
    parties: set[Party] = set()
    if account:
        parties.add(Identity(binding.namespace, account))
    if labels:
        parties.add(Labelled(binding.namespace, tuple(sorted(labels.items()))))
    listed = sequence(schemes.get("spiffeIdentities"))
    parties.update(one for uri in listed for one in _spiffe(text(uri), binding.namespace, trust_domain))
    return frozenset(parties)


def _spiffe(uri: str, namespace: str, trust_domain: str) -> tuple[Identity, ...]:
    """Accept both spellings, with ``spiffe://`` and without; an identity of another namespace cannot be
    bound.
    """
    match uri.removeprefix("spiffe://").split("/"):
        case [domain, "ns", owner, "sa", account] if (domain, owner) == (trust_domain, namespace) and account:
            return (Identity(owner, account),)
        case _:
            return ()


def read_subject(written: Mapping[str, Any], target: Stored, bindings: Bindings) -> frozenset[Party]:
    """Read one subject of *target*; empty when it is nobody that this mesh knows of.

    A namespace that is left out is the target's own. The text leaves this open; any other reading would let
    an author speak about a namespace they never named.
    """
    namespace = text(written.get("namespace")) or target.namespace
    name = text(written.get("name"))
    if not name:
        return frozenset()
    match written.get("kind"):
        case "ServiceAccount":
            return frozenset({Identity(namespace, name)})
        case "IdentityBinding" if target.version is ApiVersion.V1ALPHA4:
            return bindings.get((namespace, name), frozenset())
        case _:
            return frozenset()
