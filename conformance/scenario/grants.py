"""The suite's own objects beside a scenario's: what opens a path, and the beacons that show the mesh listens.

Everything is in the form on which all known meshes agree: explicit namespaces, patterns that end in ``$`` or
fit everything, explicit methods. HTTP and raw TCP are granted by separate targets, because a target that
names both kinds of route may be read as a conjunction.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from conformance.model.manifest import Manifest, ObjectRef
from conformance.model.scenario import SmiObject
from conformance.model.topology import AppProtocol, Identity, Workload
from conformance.scenario.manifests import smi_manifest
from conformance.spec import ApiVersion, Bundle

OpenedPath = tuple[Workload, Workload, bool]
"""Source, destination, and whether raw TCP is opened as well as HTTP."""

BEACON = "beacon"
"""Name of the beacon's account, of its root Service, and of the objects that make it shine."""

BeaconBackend = Literal["beacon-blue", "beacon-green"]


def open_manifests(paths: Iterable[OpenedPath], bundle: Bundle) -> tuple[Manifest, ...]:
    """Write what grants everything on *paths* for a whole scenario. Names begin with ``open-``."""
    return _opening(paths, bundle, "open")


def control_manifests(paths: Iterable[OpenedPath], bundle: Bundle) -> tuple[Manifest, ...]:
    """Write what grants everything on *paths*, to show that a refusal was one.

    Args:
        paths: With actual namespaces, as `World.topology` gives the workloads.
        bundle: The version to write of each group.

    Returns:
        Per path a TrafficTarget of its own for HTTP and, where asked for, one for raw TCP, and the routes that
        they name. Names begin with ``control-``.
    """
    return _opening(paths, bundle, "control")


def beacon_grant(nonce: str, source: Workload, bundle: Bundle, *, namespace: str) -> tuple[Manifest, ...]:
    """Write what lets *source* GET ``/beacon-<nonce>`` of the beacon and nothing else.

    The objects' names carry the nonce too, so a mesh that only fails to take in edits still shows it.

    Args:
        nonce: Lower-case letters and digits, fresh each time.
        source: Who calls.
        bundle: The version to write of each group.
        namespace: Actual namespace of the beacon.

    Raises:
        ValueError: The nonce would mean something in a pattern.
    """
    if not re.fullmatch("[a-z0-9]+", nonce):
        raise ValueError(f"the nonce {nonce!r} holds more than lower-case letters and digits")
    entry = {"name": BEACON, "pathRegex": f"/beacon-{nonce}$", "methods": ["GET"]}
    name = f"{BEACON}-{nonce}"
    objects = (
        _object("HTTPRouteGroup", namespace, name, {"matches": [entry]}),
        _target(namespace, name, Identity(namespace, BEACON), source.identity, _named(name, BEACON)),
    )
    return tuple(smi_manifest(one, bundle) for one in objects)


def beacon_split(backend: BeaconBackend, bundle: Bundle, *, namespace: str) -> Manifest:
    """Write the split that sends everything for the Service ``beacon`` to *backend*.

    Args:
        backend: Which of the two beacons answers from now on.
        bundle: The version to write of each group.
        namespace: Actual namespace of the beacon.
    """
    backends = [{"service": backend, "weight": 100}]
    return smi_manifest(
        _object("TrafficSplit", namespace, BEACON, {"service": BEACON, "backends": backends}), bundle
    )


def _opening(paths: Iterable[OpenedPath], bundle: Bundle, prefix: str) -> tuple[Manifest, ...]:
    found: dict[ObjectRef, SmiObject] = {}
    for source, destination, with_tcp in paths:
        for one in _opened(source, destination, bundle, prefix, with_tcp=with_tcp):
            found.setdefault(one.ref, one)
    return tuple(smi_manifest(one, bundle) for one in found.values())


def _opened(
    source: Workload, destination: Workload, bundle: Bundle, prefix: str, *, with_tcp: bool
) -> Iterable[SmiObject]:
    """Open one path by objects of its own: a mesh that reads the first of several sources only shows it too."""
    namespace, callee = destination.namespace, destination.account
    caller = f"{source.namespace}-{source.account}"
    everything = {"name": "everything", "pathRegex": ".*", "methods": ["*"]}
    yield _object("HTTPRouteGroup", namespace, f"{prefix}-http", {"matches": [everything]})
    yield _target(
        namespace,
        f"{prefix}-http-{callee}-{caller}",
        destination.identity,
        source.identity,
        _named(f"{prefix}-http", "everything"),
    )
    if with_tcp:
        route = f"{prefix}-tcp-{callee}"
        yield _object("TCPRoute", namespace, route, _tcp_ports(destination, bundle))
        yield _target(
            namespace,
            f"{prefix}-tcp-{callee}-{caller}",
            destination.identity,
            source.identity,
            {"kind": "TCPRoute", "name": route},
        )


def _tcp_ports(destination: Workload, bundle: Bundle) -> Mapping[str, Any]:
    """List the ports where a TCPRoute can: what an empty list means is a scenario's question, not the control's."""
    if bundle.specs.ordinal < ApiVersion.V1ALPHA4.ordinal:
        return {}
    ports = [port.number for port in destination.ports if port.protocol is AppProtocol.TCP]
    return {"matches": {"ports": ports}}


def _target(
    namespace: str, name: str, destination: Identity, source: Identity, rule: Mapping[str, Any]
) -> SmiObject:
    spec = {
        "destination": _subject(destination),
        "rules": [rule],
        "sources": [_subject(source)],
    }
    return _object("TrafficTarget", namespace, name, spec)


def _named(group: str, entry: str) -> Mapping[str, Any]:
    """Refer to an entry by its name: what an omitted list of names means is a scenario's question."""
    return {"kind": "HTTPRouteGroup", "name": group, "matches": [entry]}


def _subject(identity: Identity) -> Mapping[str, str]:
    return {"kind": "ServiceAccount", "name": identity.account, "namespace": identity.namespace}


def _object(kind: str, namespace: str, name: str, spec: Mapping[str, Any]) -> SmiObject:
    # Line 0: it stands in no file.
    return SmiObject(kind=kind, name=name, namespace=namespace, spec=spec, line=0)
