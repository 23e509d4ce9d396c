"""Listeners: where a sidecar takes calls, from its application and for it.

An HTTP listener only marks the connection with its own name and hands it to the one route configuration, so
it never changes with policy. A TCP listener carries its policy itself, since raw TCP has no routes.
"""

from collections.abc import Iterable, Mapping

from conformance.refmesh.policy import Grant
from conformance.refmesh.snapshot import POLICY
from conformance.refmesh.translate import access, envoy, identity, names
from conformance.refmesh.translate.envoy import Json
from conformance.refmesh.translate.settings import MeshSettings, Redirection
from conformance.refmesh.translate.telemetry import Side, access_log
from conformance.refmesh.world import MeshWorld, Pod

_ROUTER = envoy.extension("envoy.filters.http.router", envoy.ROUTER, {"suppress_envoy_headers": True})
_GUARD = envoy.extension(names.RBAC, envoy.HTTP_RBAC, {"rules": access.DENY_ALL})

# What a caller may send while its handshake ends and the application is being connected; more waits in the
# socket.
_EARLY_BYTES = 65536


def outbound_http(pod: Pod, name: str, host: str, port: int, settings: MeshSettings) -> Json:
    """Take the HTTP calls of the application in *pod* to one Service port or pod port, just as they are sent."""
    more = {"normalize_path": False, "access_log": access_log(pod.key, Side.CLIENT)}
    chain = {"filters": [_mark(name), _manager([_ROUTER], settings, more)]}
    return _listener(name, host, port, chain, settings)


def inbound_http(pod: Pod, port: int, settings: MeshSettings) -> Json:
    """Take HTTP calls for the application, from callers with an identity; a route without rules lets none
    through.

    Paths are tidied before they are compared, and what was compared is what the application gets; an escaped
    slash cannot be tidied without changing the meaning, so it is refused. Doubled slashes are left alone:
    merging them would let ``//metrics`` pass as ``/metrics``.
    """
    name = names.inbound(port)
    tidy = {"normalize_path": True, "path_with_escaped_slashes_action": "REJECT_REQUEST"}
    counted = {"access_log": access_log(pod.key, Side.SERVER)}
    chain = {
        "transport_socket": identity.server_socket(settings.credentials(pod.key)),
        "filters": [_mark(name), _manager([_GUARD, _ROUTER], settings, tidy | counted)],
    }
    return _listener(name, pod.address, port, chain, settings)


def outbound_tcp(
    name: str, host: str, port: int, destination: Mapping[str, object] | None, settings: MeshSettings
) -> Json:
    """Take the application's raw connections; *destination* as in `tcp_proxy`, None to close them at once."""
    return _listener(name, host, port, {"filters": [_tcp(name, destination)]}, settings)


def inbound_tcp(
    pod: Pod, port: int, grants: Iterable[Grant], world: MeshWorld, settings: MeshSettings
) -> Json:
    """Take raw connections for the application, from callers that *grants* let in.

    The application hears of a connection only once its caller has proved to be one of them.
    """
    name = names.inbound(port)
    who = (grants, pod, port, world, settings.trust_domain)
    body = {"rules": access.tcp_rules(*who), "stat_prefix": "grants"}
    guard = envoy.extension("envoy.filters.network.rbac", envoy.NETWORK_RBAC, body)
    waiting = {"upstream_connect_mode": "ON_DOWNSTREAM_TLS_HANDSHAKE", "max_early_data_bytes": _EARLY_BYTES}
    chain = {
        "transport_socket": identity.server_socket(settings.credentials(pod.key), access.tcp_callers(*who)),
        "filters": [guard, _tcp(name, {"cluster": names.application(port), **waiting})],
    }
    return _listener(name, pod.address, port, chain, settings)


def _tcp(name: str, destination: Mapping[str, object] | None) -> Json:
    # A cluster that does not exist makes the proxy close the connection: the TCP form of a 503.
    body = {"stat_prefix": name, "idle_timeout": "0s", **(destination or {"cluster": "nowhere"})}
    return envoy.extension("envoy.filters.network.tcp_proxy", envoy.TCP_PROXY, body)


def catching(redirection: Redirection) -> dict[str, Json]:
    """Take all that iptables leads here, and hand it to the listener of the place where it was going.

    What no listener knows goes on to where it was going if it comes from the application, and is closed if it
    comes from elsewhere: a port that nobody declared is nobody's to grant.
    """
    return {
        names.CATCH_OUTBOUND: _catch(names.CATCH_OUTBOUND, redirection.outbound, {"cluster": names.ONWARD}),
        names.CATCH_INBOUND: _catch(names.CATCH_INBOUND, redirection.inbound, None),
    }


def _catch(name: str, port: int, destination: Mapping[str, object] | None) -> Json:
    body = _bare_listener(name, "0.0.0.0", port, {"filters": [_tcp(name, destination)]})  # noqa: S104 - a pod's own
    return body | {"use_original_dst": True}


def _listener(name: str, host: str, port: int, chain: Json, settings: MeshSettings) -> Json:
    body = _bare_listener(name, host, port, chain)
    return body | {"bind_to_port": False} if settings.redirection else body


def _bare_listener(name: str, host: str, port: int, chain: Json) -> Json:
    return {
        "@type": envoy.LISTENER,
        "name": name,
        "address": envoy.address(host, port),
        "enable_reuse_port": False,  # an address that is taken must show, not be shared
        "filter_chains": [{"name": name, **chain}],
    }


def _mark(name: str) -> Json:
    value = {"text_format_source": {"inline_string": name}}
    entry = {"object_key": names.LISTENER_MARK, "factory_key": "envoy.string", "format_string": value}
    return envoy.extension("mark", envoy.SET_FILTER_STATE, {"on_new_connection": [entry]})


def _manager(filters: list[Json], settings: MeshSettings, more: Json) -> Json:
    body = {
        "stat_prefix": "http",
        "rds": {"route_config_name": POLICY, "config_source": dict(settings.config_source)},
        "http_filters": filters,
        "http_protocol_options": {"accept_http_10": True},
        "stream_idle_timeout": "0s",
        "server_header_transformation": "PASS_THROUGH",
        "generate_request_id": False,
        "skip_xff_append": True,
        **more,
    }
    return envoy.extension("envoy.filters.network.http_connection_manager", envoy.CONNECTION_MANAGER, body)
