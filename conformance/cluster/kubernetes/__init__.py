"""A real Kubernetes cluster: connect with a kubeconfig, then run the world in it and leave nothing behind."""

from kubernetes.client import ApiClient

from conformance.cluster.kubernetes.cluster import KubernetesCluster
from conformance.cluster.kubernetes.connecting import Place, connect, place, server_version
from conformance.cluster.kubernetes.ownership import sweep
from conformance.cluster.kubernetes.permissions import missing_permissions
from conformance.cluster.kubernetes.refusals import NotOursError
from conformance.cluster.kubernetes.settings import RUN_LABEL, KubernetesSettings, ProxyAdmin

__all__ = [
    "RUN_LABEL",
    "ApiClient",
    "KubernetesCluster",
    "KubernetesSettings",
    "NotOursError",
    "Place",
    "ProxyAdmin",
    "connect",
    "missing_permissions",
    "place",
    "server_version",
    "sweep",
]
