"""Traffic Metrics of the reference mesh: what sidecars count, as ``metrics.smi-spec.io`` has it.

`api` answers requests from an `inventory` of objects and a `source` of traffic, which may be a `history` of
samples, or a `prometheus` that has scraped them. All but these, `sampling` and `asking_prometheus` is pure.
"""

from conformance.refmesh.metrics.api import MetricsApi
from conformance.refmesh.metrics.asking import Action, Asker, MetricsAnswer, MetricsRequest
from conformance.refmesh.metrics.asking_prometheus import prometheus_address
from conformance.refmesh.metrics.comparing import Round
from conformance.refmesh.metrics.history import History
from conformance.refmesh.metrics.inventory import Inventory, read_inventory
from conformance.refmesh.metrics.prometheus import PrometheusSource
from conformance.refmesh.metrics.reading import Sample
from conformance.refmesh.metrics.rendering import GROUP, VERSION
from conformance.refmesh.metrics.sampling import Sampler
from conformance.refmesh.metrics.source import Sampled, SilentSourceError, TrafficSource
from conformance.refmesh.metrics.stats_page import StatsPage, read_for_prometheus

__all__ = [
    "GROUP",
    "VERSION",
    "Action",
    "Asker",
    "History",
    "Inventory",
    "MetricsAnswer",
    "MetricsApi",
    "MetricsRequest",
    "PrometheusSource",
    "Round",
    "Sample",
    "Sampled",
    "Sampler",
    "SilentSourceError",
    "StatsPage",
    "TrafficSource",
    "prometheus_address",
    "read_for_prometheus",
    "read_inventory",
]
