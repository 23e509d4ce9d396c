"""Reads TrafficTargets, each version as it says itself, into grants.

```text
TrafficTarget --destination, sources--> subjects (ServiceAccount; v1alpha4: IdentityBinding)
              --rules (v1alpha1: specs), by kind and name in the target's namespace--> routes
```
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from conformance.refmesh.policy import Grant, HttpMatch, Party, Ports
from conformance.refmesh.reading.http_routes import RouteGroup
from conformance.refmesh.reading.ports import joined, narrowed, valid_ports
from conformance.refmesh.reading.stored import Key, Stored, mapping, mappings, sequence, text
from conformance.refmesh.reading.subjects import Bindings, read_subject
from conformance.spec import ApiVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """What targets may refer to, by kind and key."""

    http: Mapping[Key, RouteGroup]
    tcp: Mapping[Key, Ports]
    udp: Mapping[Key, Ports]
    bindings: Bindings


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    """A target's fields, wherever its version keeps them."""

    destination: Mapping[str, Any]
    port: Ports
    rules: tuple[Mapping[str, Any], ...]
    sources: tuple[Mapping[str, Any], ...]


def read_target(target: Stored, routes: Routes) -> tuple[Grant, ...]:
    """Read what *target* grants: one grant for each holder of its destination's identity.

    A destination in another namespace than the target's has no effect: whoever may write targets there could
    otherwise let themselves in here.
    """
    written = _written(target)
    sources = [read_subject(one, target, routes.bindings) for one in written.sources]
    destinations = read_subject(written.destination, target, routes.bindings)
    here = [one for one in destinations if one.namespace == target.namespace]
    callers: frozenset[Party] = frozenset().union(*sources)
    if not callers or not written.rules:
        return ()
    return tuple(_grant(one, callers, target, written, routes) for one in sorted(here, key=repr))


def _written(target: Stored) -> _Written:
    match target.version:
        case ApiVersion.V1ALPHA1:
            holder, rules, has_port = target.body, "specs", True
        case ApiVersion.V1ALPHA2:
            holder, rules, has_port = target.spec, "rules", True
        case ApiVersion.V1ALPHA3 | ApiVersion.V1ALPHA4:
            holder, rules, has_port = target.spec, "rules", False
    destination = mapping(holder.get("destination"))
    return _Written(
        destination=destination,
        port=_port(destination) if has_port else None,
        rules=mappings(holder.get(rules)),
        sources=mappings(holder.get("sources")),
    )


def _port(destination: Mapping[str, Any]) -> Ports:
    """Read ``destination.port``; one that is no port number leaves no port open, rather than every port."""
    return None if destination.get("port") is None else valid_ports((destination["port"],))


def _grant(
    destination: Party, sources: frozenset[Party], target: Stored, written: _Written, routes: Routes
) -> Grant:
    """Put a target's rules together.

    Route groups are alternatives. A TCPRoute beside them limits them to its ports, and is in turn narrowed by
    them where HTTP is spoken; alone, it lets HTTP through as the TCP that it is. A rule whose route does not
    exist still narrows: without its TCPRoute, a route group must not spread to every port.

    Spec:
        access.smi-spec.io/v1alpha3: the L7 example limits an HTTPRouteGroup by a TCPRoute, as
        destination.port did.
    """
    groups = _named(written.rules, "HTTPRouteGroup")
    streams = _named(written.rules, "TCPRoute")
    return Grant(
        destination=destination,
        sources=sources,
        ports=narrowed(_ports(streams, target, routes.tcp) if streams else None, written.port),
        http=_http(groups, target, routes) if groups or not streams else None,
        raw_tcp=bool(streams),
        udp=_ports(_datagrams(target, written), target, routes.udp),
        origin=str(target),
    )


def _named(rules: Iterable[Mapping[str, Any]], kind: str) -> list[Mapping[str, Any]]:
    return [rule for rule in rules if rule.get("kind") == kind]


def _datagrams(target: Stored, written: _Written) -> list[Mapping[str, Any]]:
    return _named(written.rules, "UDPRoute") if target.version.ordinal >= ApiVersion.V1ALPHA3.ordinal else []


def _ports(rules: Iterable[Mapping[str, Any]], target: Stored, known: Mapping[Key, Ports]) -> Ports:
    ports: Ports = frozenset()
    for rule in rules:
        ports = joined(ports, known.get((target.namespace, text(rule.get("name"))), frozenset()))
    return ports


def _http(rules: Iterable[Mapping[str, Any]], target: Stored, routes: Routes) -> tuple[HttpMatch, ...]:
    return tuple(
        match
        for rule in rules
        for match in _chosen(rule, routes.http.get((target.namespace, text(rule.get("name"))), {}))
    )


def _chosen(rule: Mapping[str, Any], group: RouteGroup) -> Iterable[HttpMatch]:
    """Take the named entries of *group*: all when none are named, as an empty list says no more than no
    list.
    """
    for name in sequence(rule.get("matches")) or tuple(group):
        yield from group.get(text(name), ())
