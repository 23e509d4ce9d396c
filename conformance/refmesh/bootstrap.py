"""What a sidecar's Envoy is told on its way: who it is, and where it gets everything else."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from conformance.refmesh.translate.telemetry import METRIC

ADMIN_PORT = 15000
"""Port of Envoy's admin pages, at the address inside the pod."""

CONTROL_PLANE = "control-plane"
"""Name of the cluster through which a sidecar reaches its control plane."""

_PLENTY = 1_000_000  # no limit of Envoy's own should ever decide on a call

_SLOWEST = 60e6  # microseconds that buckets tell apart at least

# Envoy refuses patterns above 100 of RE2's units, and with one of them the whole route configuration: a long
# pattern in one object would keep every later change of policy out.
_REGEX_LIMIT = {"re2.max_program_size.error_level": 2**31 - 1}


def config_source() -> dict[str, Any]:
    """Say to Envoy that something is to be had from the control plane: as REST polls that are held."""
    return {
        "resource_api_version": "V3",
        # Wait for the first answer for as long as it takes: a listener without its routes would answer 404.
        "initial_fetch_timeout": "0s",
        "api_config_source": {
            "api_type": "REST",
            "transport_api_version": "V3",
            "cluster_names": [CONTROL_PLANE],
            # From an answer to the next poll; Envoy takes none below 1 ms. A change waits for it only
            # where it comes right after another.
            "refresh_delay": "0.002s",
            # Longer than polls are held.
            "request_timeout": "60s",
        },
    }


def bootstrap(
    sidecar: str, *, admin_address: str, socket: Path, flush: timedelta | None = timedelta(seconds=1)
) -> Mapping[str, Any]:
    """Write Envoy's start configuration as JSON.

    Args:
        sidecar: Its id, ``namespace/pod``.
        admin_address: Where the admin pages are served, on `ADMIN_PORT`.
        socket: The Unix socket on which the control plane listens for this sidecar.
        flush: How often histograms are brought up to date; what ended longer ago shows on the admin page. Whole
            milliseconds. None has Envoy do so after each look at its statistics, which then tell what was true at
            the look before: that costs nothing while nobody looks.
    """
    buckets = {"match": {"prefix": METRIC}, "buckets": bucket_bounds()}
    return {
        "node": {"id": sidecar, "cluster": "smi-reference-mesh"},
        "admin": {"address": _address(admin_address, ADMIN_PORT)},
        "dynamic_resources": {"lds_config": config_source(), "cds_config": config_source()},
        "static_resources": {"clusters": [_control_plane(socket)]},
        "overload_manager": {"resource_monitors": [_connection_limit()]},
        "layered_runtime": {"layers": [{"name": "limits", "static_layer": _REGEX_LIMIT}]},
        **_flush(flush),
        "stats_config": {"histogram_bucket_settings": [buckets]},
    }


def _flush(interval: timedelta | None) -> Mapping[str, Any]:
    if interval is None:
        return {"stats_flush_on_admin": True}
    return {"stats_flush_interval": f"{interval.total_seconds():.3f}s"}


def bucket_bounds() -> list[float]:
    """Choose the buckets that Prometheus sees: 0.5 ms to 60 s, in microseconds, each a quarter wider."""
    bounds = [500.0]
    while bounds[-1] < _SLOWEST:
        bounds.append(float(round(bounds[-1] * 1.25)))
    return bounds


def _address(address: str, port: int) -> Mapping[str, Any]:
    return {"socket_address": {"address": address, "port_value": port}}


def _control_plane(socket: Path) -> Mapping[str, Any]:
    endpoint = {"endpoint": {"address": {"pipe": {"path": str(socket)}}}}
    limits = ("max_connections", "max_pending_requests", "max_requests", "max_retries")
    return {
        "name": CONTROL_PLANE,
        "type": "STATIC",
        "connect_timeout": "1s",
        "circuit_breakers": {"thresholds": [dict.fromkeys(limits, _PLENTY)]},
        "load_assignment": {"cluster_name": CONTROL_PLANE, "endpoints": [{"lb_endpoints": [endpoint]}]},
    }


def _connection_limit() -> Mapping[str, Any]:
    kind = "type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3"
    return {
        "name": "envoy.resource_monitors.global_downstream_max_connections",
        "typed_config": {
            "@type": f"{kind}.DownstreamConnectionsConfig",
            "max_active_downstream_connections": _PLENTY,
        },
    }
