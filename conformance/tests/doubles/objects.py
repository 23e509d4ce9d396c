"""Kubernetes and SMI objects for tests: valid by default, one argument deviates."""

from collections.abc import Mapping, Sequence
from typing import Any

from conformance.model.manifest import Manifest

STAND_IN_APP = "conformance.tests.doubles.stand_in_app"
"""What pods of tests run."""
_RBAC = "rbac.authorization.k8s.io"


def a_namespace(name: str = "here", **labels: str) -> Manifest:
    """Build a Namespace."""
    return Manifest({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})


def an_account(name: str = "shop", namespace: str = "here") -> Manifest:
    """Build a ServiceAccount."""
    return _object("v1", "ServiceAccount", name, namespace)


def a_service(name: str = "shop", namespace: str = "here", **spec: Any) -> Manifest:
    """Build a Service of port 8080; *spec* replaces fields."""
    default = {"selector": {"app": name}, "ports": [{"name": "http", "port": 8080, "targetPort": 8080}]}
    return _object("v1", "Service", name, namespace, spec={**default, **spec})


def a_deployment(
    name: str = "shop",
    namespace: str = "here",
    *,
    replicas: int = 1,
    args: Sequence[str] = (),
    ports: Sequence[int] = (),
    account: str = "default",
    **labels: str,
) -> Manifest:
    """Build a Deployment of the probe app."""
    container = {
        "name": "probe",
        "image": "smi-conformance/probe",
        "args": [*args, *(f"--http={port}" for port in ports)],
        "ports": [{"name": f"http-{port}", "containerPort": port} for port in ports],
    }
    template = {
        "metadata": {"labels": {"app": name, **labels}},
        "spec": {"serviceAccountName": account, "containers": [container]},
    }
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}
    return _object("apps/v1", "Deployment", name, namespace, spec=spec)


def a_split(version: str = "v1alpha4", *, weight: Any = 50, **spec: Any) -> Manifest:
    """Build a TrafficSplit of two backends; *spec* replaces fields."""
    backends = [{"service": "website-v1", "weight": weight}, {"service": "website-v2", "weight": 50}]
    api_version = f"split.smi-spec.io/{version}"
    return _object(
        api_version,
        "TrafficSplit",
        "website",
        "here",
        spec={"service": "website", "backends": backends, **spec},
    )


def a_target(version: str = "v1alpha3", **spec: Any) -> Manifest:
    """Build a TrafficTarget of v1alpha2 or later; *spec* replaces fields, and None drops them."""
    shop = {"kind": "ServiceAccount", "name": "shop", "namespace": "here"}
    client = {"kind": "ServiceAccount", "name": "client-a", "namespace": "here"}
    rule = {"kind": "HTTPRouteGroup", "name": "routes"}
    full = {"destination": shop, "sources": [client], "rules": [rule], **spec}
    kept = {key: value for key, value in full.items() if value is not None}
    return _object(f"access.smi-spec.io/{version}", "TrafficTarget", "shop", "here", spec=kept)


def a_role(name: str = "reader", namespace: str = "here", *rules: Mapping[str, Any], **rule: Any) -> Manifest:
    """Build a Role that may get and list pods' metrics; *rule* replaces fields, *rules* all.

    Without a namespace it is a ClusterRole.
    """
    default = {"apiGroups": ["metrics.smi-spec.io"], "resources": ["pods"], "verbs": ["get", "list"]}
    kind = "Role" if namespace else "ClusterRole"
    return _rbac(kind, name, namespace, rules=[*rules] or [{**default, **rule}])


def a_binding(
    name: str = "reader", namespace: str = "here", *, role: str = "", subject: Mapping[str, str] | None = None
) -> Manifest:
    """Build a RoleBinding of the account ``here/shop`` to the Role of its name.

    *subject* is another subject, *role* the name of a ClusterRole. Without a namespace it is a ClusterRoleBinding.
    """
    kind = "RoleBinding" if namespace else "ClusterRoleBinding"
    bound = "ClusterRole" if role or not namespace else "Role"
    reference = {"apiGroup": _RBAC, "kind": bound, "name": role or name}
    shop = {"kind": "ServiceAccount", "name": "shop", "namespace": "here"}
    return _rbac(kind, name, namespace, roleRef=reference, subjects=[subject or shop])


def _rbac(kind: str, name: str, namespace: str, **rest: Any) -> Manifest:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return Manifest({"apiVersion": f"{_RBAC}/v1", "kind": kind, "metadata": metadata, **rest})


def _object(api_version: str, kind: str, name: str, namespace: str, **rest: Any) -> Manifest:
    metadata = {"name": name, "namespace": namespace}
    return Manifest({"apiVersion": api_version, "kind": kind, "metadata": metadata, **rest})
