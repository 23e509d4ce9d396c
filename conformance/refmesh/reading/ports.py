"""Ports as SMI objects list them."""

from conformance.refmesh.policy import Ports
from conformance.refmesh.reading.stored import Stored, mapping, sequence, whole
from conformance.spec import ApiVersion

_HIGHEST = 65535


def route_ports(route: Stored) -> Ports:
    """Read which ports a TCPRoute or UDPRoute stands for; None means every port.

    Spec:
        specs.smi-spec.io: up to v1alpha3 a TCPRoute has no fields and matches all TCP traffic; from v1alpha4
        on ``spec.matches.ports`` lists ports, and an empty list stands for every port.
    """
    if route.version is not ApiVersion.V1ALPHA4:
        return None
    listed = sequence(mapping(route.spec.get("matches")).get("ports"))
    return valid_ports(listed) if listed else None


def valid_ports(listed: tuple[object, ...]) -> frozenset[int]:
    """Keep what can be a port number; 73836 must not wrap round to another port, and no list becomes
    "every".
    """
    numbers = {whole(one) for one in listed}
    return frozenset(one for one in numbers if one is not None and 0 < one <= _HIGHEST)


def joined(one: Ports, other: Ports) -> Ports:
    """Give the ports that are in either."""
    return None if one is None or other is None else one | other


def narrowed(one: Ports, other: Ports) -> Ports:
    """Give the ports that are in both."""
    if one is None or other is None:
        return other if one is None else one
    return one & other
