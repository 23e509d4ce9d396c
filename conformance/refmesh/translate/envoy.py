"""The few shapes of Envoy's API (v3) that several resources share."""

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]

_TYPES = "type.googleapis.com/"
LISTENER = f"{_TYPES}envoy.config.listener.v3.Listener"
CLUSTER = f"{_TYPES}envoy.config.cluster.v3.Cluster"
ROUTES = f"{_TYPES}envoy.config.route.v3.RouteConfiguration"

UPSTREAM_TLS = "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"
DOWNSTREAM_TLS = "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext"
RAW_BUFFER = "envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer"
HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
CONNECTION_MANAGER = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
SET_FILTER_STATE = "envoy.extensions.filters.network.set_filter_state.v3.Config"
TCP_PROXY = "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy"
NETWORK_RBAC = "envoy.extensions.filters.network.rbac.v3.RBAC"
HTTP_RBAC = "envoy.extensions.filters.http.rbac.v3.RBAC"
HTTP_RBAC_PER_ROUTE = "envoy.extensions.filters.http.rbac.v3.RBACPerRoute"
STATS_LOG = "envoy.extensions.access_loggers.stats.v3.Config"
ROUTER = "envoy.extensions.filters.http.router.v3.Router"


def typed(kind: str, body: Mapping[str, Any]) -> Json:
    """Give *body* the ``@type`` of the message *kind*, which is named without its prefix."""
    return {"@type": f"{_TYPES}{kind}", **body}


def extension(name: str, kind: str, body: Mapping[str, Any]) -> Json:
    """Write an extension (a filter, a transport socket) as its name and its typed configuration."""
    return {"name": name, "typed_config": typed(kind, body)}


def address(host: str, port: int) -> Json:
    """Write a TCP address."""
    return {"socket_address": {"address": host, "port_value": port}}


def regex(pattern: str) -> Json:
    """Write a StringMatcher for an RE2 pattern that has to cover the whole value."""
    return {"safe_regex": {"regex": pattern}}
