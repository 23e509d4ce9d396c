"""Grants as Envoy's RBAC rules.

RBAC adds up alternatives just as SMI does: each grant becomes one policy of its own, so that pieces of
different grants are never recombined. No policies at all means that nobody is let in.
"""

from collections import Counter
from collections.abc import Iterable

from conformance.refmesh.policy import Grant, HttpMatch, Identity, Party
from conformance.refmesh.translate import envoy
from conformance.refmesh.translate.envoy import Json
from conformance.refmesh.world import MeshWorld, Pod

DENY_ALL: Json = {"action": "ALLOW", "policies": {}}
"""Rules that let nobody in."""

_ANY: Json = {"any": True}
_AUTHORITY = {"host": ":authority"}


def http_rules(grants: Iterable[Grant], pod: Pod, port: int, world: MeshWorld, trust_domain: str) -> Json:
    """Write who may send which HTTP requests to *port* of *pod*."""
    policies = {
        name: {"permissions": _requests(grant), "principals": principals}
        for name, grant, principals in _relevant(grants, pod, port, world, trust_domain)
        if grant.http != ()
    }
    return {"action": "ALLOW", "policies": policies}


def tcp_rules(grants: Iterable[Grant], pod: Pod, port: int, world: MeshWorld, trust_domain: str) -> Json:
    """Write who may open raw TCP connections to *port* of *pod*."""
    policies = {
        name: {"permissions": [_ANY], "principals": principals}
        for name, grant, principals in _relevant(grants, pod, port, world, trust_domain)
        if grant.raw_tcp
    }
    return {"action": "ALLOW", "policies": policies}


def tcp_callers(
    grants: Iterable[Grant], pod: Pod, port: int, world: MeshWorld, trust_domain: str
) -> tuple[str, ...]:
    """List the SPIFFE ids of all that may open raw TCP connections to *port* of *pod*."""
    sources = {
        party for grant in grants if grant.raw_tcp and _concerns(grant, pod, port) for party in grant.sources
    }
    labelled = {one.identity for one in world.sidecars for party in sources if one.is_meant_by(party)}
    named = {party for party in sources if isinstance(party, Identity)}
    return tuple(sorted(one.spiffe(trust_domain) for one in labelled | named))


def _concerns(grant: Grant, pod: Pod, port: int) -> bool:
    return pod.is_meant_by(grant.destination) and (grant.ports is None or port in grant.ports)


def _relevant(
    grants: Iterable[Grant], pod: Pod, port: int, world: MeshWorld, trust_domain: str
) -> Iterable[tuple[str, Grant, list[Json]]]:
    # Names do not count through all grants: a TCP listener must not change, and drop its connections, because
    # a grant came or went that is not its own.
    met: Counter[str] = Counter()
    for grant in grants:
        if _concerns(grant, pod, port):
            principals = [
                one
                for party in sorted(grant.sources, key=repr)
                for one in _callers(party, world, trust_domain)
            ]
            if principals:  # Envoy refuses a policy without principals
                met[grant.origin] += 1
                yield f"{grant.origin} #{met[grant.origin]}", grant, principals


def _callers(party: Party, world: MeshWorld, trust_domain: str) -> Iterable[Json]:
    if isinstance(party, Identity):
        yield _proven(party, trust_domain)
        return
    for pod in world.sidecars:
        if pod.is_meant_by(party):
            address = {"direct_remote_ip": {"address_prefix": pod.address, "prefix_len": 32}}
            yield {"and_ids": {"ids": [_proven(pod.identity, trust_domain), address]}}


def _proven(who: Identity, trust_domain: str) -> Json:
    return {"authenticated": {"principal_name": {"exact": who.spiffe(trust_domain)}}}


def _requests(grant: Grant) -> list[Json]:
    if grant.http is None:
        return [_ANY]
    return [_request(match) for match in grant.http]


def _request(match: HttpMatch) -> Json:
    rules: list[Json] = [{"header": condition} for condition in header_conditions(match)]
    if match.path is not None:
        rules.append({"url_path": {"path": envoy.regex(from_start(match.path))}})
    return {"and_rules": {"rules": rules}} if rules else _ANY


def header_conditions(match: HttpMatch) -> list[Json]:
    """Write a match's methods and headers as Envoy HeaderMatchers, all of which have to fit.

    A header that is absent never fits, as Envoy has it by default. Repeated headers are compared joined by
    commas.
    """
    found = [
        {"name": _AUTHORITY.get(name, name), "string_match": envoy.regex(pattern)}
        for name, pattern in match.headers
    ]
    if match.methods is not None:
        found.append({"name": ":method", "string_match": envoy.regex("|".join(sorted(match.methods)))})
    return found


def from_start(pattern: str) -> str:
    """Make a pattern that Envoy has to match in full hold from the start and leave the end open.

    Spec:
        specs.smi-spec.io, HTTPRouteGroup: "The pathRegex ... is anchored (^) to the beginning of the URI."
    """
    return f"(?:{pattern}).*"
