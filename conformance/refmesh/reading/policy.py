"""Reads all SMI objects into one policy."""

from collections.abc import Iterable, Mapping
from typing import Any

from conformance.refmesh.policy import Policy
from conformance.refmesh.reading.http_routes import read_route_group
from conformance.refmesh.reading.ports import route_ports
from conformance.refmesh.reading.splits import read_split
from conformance.refmesh.reading.stored import Stored, stored_objects
from conformance.refmesh.reading.subjects import read_binding
from conformance.refmesh.reading.targets import Routes, read_target


def read_policy(objects: Iterable[Mapping[str, Any]], trust_domain: str = "cluster.local") -> Policy:
    """Read the SMI objects among *objects*; everything else is passed over.

    Objects may be of any versions, mixed. What cannot be read, or leads nowhere, grants nothing and disturbs
    nothing.

    Args:
        objects: Kubernetes objects as JSON.
        trust_domain: The mesh's own; SPIFFE ids of other domains are nobody here.

    Returns:
        Grants and splits in the order of the objects' keys, so that equal objects give an equal policy.
    """
    stored = stored_objects(objects)
    routes = _routes(stored, trust_domain)
    splits = [read_split(one, routes.http) for one in stored if one.kind == "TrafficSplit"]
    targets = [one for one in stored if one.kind == "TrafficTarget"]
    return Policy(
        grants=tuple(grant for target in targets for grant in read_target(target, routes)),
        splits=tuple(split for split in splits if split is not None),
    )


def _routes(stored: tuple[Stored, ...], trust_domain: str) -> Routes:
    def of(kind: str) -> list[Stored]:
        return [one for one in stored if one.kind == kind]

    return Routes(
        http={one.key: read_route_group(one) for one in of("HTTPRouteGroup")},
        tcp={one.key: route_ports(one) for one in of("TCPRoute")},
        udp={one.key: route_ports(one) for one in of("UDPRoute")},
        bindings={one.key: read_binding(one, trust_domain) for one in of("IdentityBinding")},
    )
