"""Accounts that read metrics: from what a scenario says of them to what Kubernetes is given.

Their rights hold in one namespace: what a run gives must end with its namespaces.

Spec: traffic-metrics v1alpha1, "RBAC". The rules there are for all verbs; a reader gets those that reading takes.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from conformance.model.manifest import Manifest
from conformance.model.measuring import Reader
from conformance.spec import ApiGroup

_RBAC = "rbac.authorization.k8s.io"


def placed_reader(reader: Reader, namespaces: Mapping[str, str]) -> Reader:
    """Give a reader its actual namespace."""
    return replace(reader, namespace=namespaces[reader.namespace])


def reader_manifests(readers: Iterable[Reader]) -> tuple[Manifest, ...]:
    """Write each reader's account, role and binding; one that may read nothing has an account only."""
    return tuple(one for reader in readers for one in _manifests(reader))


def _manifests(reader: Reader) -> Iterator[Manifest]:
    yield _object("v1", "ServiceAccount", reader.name, reader.namespace)
    if not reader.resources:
        return
    rule = {
        "apiGroups": [ApiGroup.METRICS.value],
        "resources": list(reader.resources),
        "verbs": list(reader.verbs),
        **({"resourceNames": list(reader.names)} if reader.names else {}),
    }
    subject = {"kind": "ServiceAccount", "name": reader.name, "namespace": reader.namespace}
    reference = {"apiGroup": _RBAC, "kind": "Role", "name": reader.name}
    yield _object(f"{_RBAC}/v1", "Role", reader.name, reader.namespace, rules=[rule])
    yield _object(
        f"{_RBAC}/v1", "RoleBinding", reader.name, reader.namespace, roleRef=reference, subjects=[subject]
    )


def _object(api_version: str, kind: str, name: str, namespace: str, **rest: Any) -> Manifest:
    metadata = {"name": name, "namespace": namespace}
    return Manifest({"apiVersion": api_version, "kind": kind, "metadata": metadata, **rest})
