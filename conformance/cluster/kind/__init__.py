"""Kind clusters, made through pytest-kind: one for a run, or one that is there."""

from conformance.cluster.kind.host import CLUSTER_PREFIX, KindHost
from conformance.cluster.kind.settings import KindSettings, read_kind_settings
from conformance.cluster.kind.sweeping import sweep_kind_clusters

__all__ = ["CLUSTER_PREFIX", "KindHost", "KindSettings", "read_kind_settings", "sweep_kind_clusters"]
