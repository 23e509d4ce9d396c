"""The only door to clusters: manifests in, pods and streams to their probe apps out."""

from conformance.cluster.protocol import (
    Change,
    Channel,
    Cluster,
    ClusterView,
    EmbeddedCluster,
    ExtensionApi,
    Injector,
    PodStatus,
    Sandbox,
    Sidecar,
    Validator,
    Watcher,
)

__all__ = [
    "Change",
    "Channel",
    "Cluster",
    "ClusterView",
    "EmbeddedCluster",
    "ExtensionApi",
    "Injector",
    "PodStatus",
    "Sandbox",
    "Sidecar",
    "Validator",
    "Watcher",
]
