"""What sidecars count: one histogram of latencies, told apart by all that figures are asked by.

The number of its values is the number of calls, and its bins are their latencies, so that one series answers
every question. Only HTTP is counted: raw TCP has no access log of this kind.
"""

from enum import Enum

from conformance.refmesh.translate import envoy, names
from conformance.refmesh.translate.envoy import Json


class Side(Enum):
    """Which end of a call counted it."""

    CLIENT = "client"
    SERVER = "server"


METRIC = "smi.latency"
"""Name of the histogram on Envoy's admin page; Prometheus shows it as ``envoy_smi_latency``."""

TAGS = (
    ("smi_pod", ""),
    ("smi_side", ""),
    # Not the address that X-Forwarded-For may claim.
    ("smi_source", "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%"),
    ("smi_identity", "%DOWNSTREAM_PEER_URI_SAN%"),
    ("smi_listener", f"%FILTER_STATE({names.LISTENER_MARK}:PLAIN)%"),
    ("smi_upstream", "%UPSTREAM_HOST%"),
    ("smi_cluster", "%UPSTREAM_CLUSTER_RAW%"),
    ("smi_status", "%RESPONSE_CODE%"),
    ("smi_ending", "%RESPONSE_FLAGS%"),
)
"""Tags in the order in which they stand in a series' name, each with what Envoy fills in.

Names of tags hold an underscore, which no value does that Kubernetes or Envoy chose. The first two are the same for
all of a listener's calls.
"""

_PREFIX, _HISTOGRAM = METRIC.split(".")
_MOST_SERIES = 20_000  # a guess: more than 100 callers of 10 ports with 4 outcomes each

# From the first byte in to the last byte out. A call that ended without a whole answer has no such span: then the
# whole time counts, in milliseconds; its flags say that it is no latency.
_LATENCY = (
    '%COALESCE({"operators":[{"command":"COMMON_DURATION","param":"DS_RX_BEG:DS_TX_END:us"},"DURATION"]})%'
)


def access_log(pod: str, side: Side) -> list[Json]:
    """Count the calls of a listener.

    Args:
        pod: The sidecar's id, ``namespace/pod``.
        side: Whether the listener takes its application's calls (client) or calls for it (server).
    """
    constant = {"smi_pod": pod, "smi_side": side.value}
    tags = [{"name": name, "value_format": constant.get(name, word)} for name, word in TAGS]
    histogram = {
        "stat": {"name": _HISTOGRAM, "tags": tags},
        "unit": "Microseconds",
        "value_format": _LATENCY,
    }
    body = {"stats_scope": {"prefix": _PREFIX, "max_histograms": _MOST_SERIES}, "histograms": [histogram]}
    return [envoy.extension("smi", envoy.STATS_LOG, body)]
