"""Meshes that let some requests through unasked, by what they look like."""

from collections.abc import Callable, Iterable

from conformance.refmesh.faults.fault import Fault, Situation, Snapshots
from conformance.refmesh.faults.resources import (
    Json,
    each_sidecar,
    is_inbound,
    rewritten,
    with_exemption,
    with_http_rules,
    with_listeners,
)
from conformance.refmesh.snapshot import Resource
from conformance.refmesh.translate import envoy, names

_HEALTH = "/(healthz|health|livez|readyz)"
_PATH_HEADERS = ("x-original-url", "x-original-uri", "x-rewrite-url", "x-envoy-original-path")
"""In which proxies hand on which path was asked for."""


_INSPECTORS = (
    ("tls_inspector", "envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector"),
    ("http_inspector", "envoy.extensions.filters.listener.http_inspector.v3.HttpInspector"),
)
_HTTP_PROTOCOLS = ["http/1.0", "http/1.1", "h2c"]


def _exempting(permission: Json) -> Callable[[Snapshots, Situation], Snapshots]:
    """Make a stage that lets everybody in the mesh send what has *permission*."""

    def stage(snapshots: Snapshots, situation: Situation) -> Snapshots:
        del situation
        return each_sidecar(snapshots, lambda one: with_exemption(one, permission))

    return stage


def _believing_paths(snapshots: Snapshots, situation: Situation) -> Snapshots:
    del situation

    def change(node: Json) -> Json:
        path = node.get("url_path")
        return {"or_rules": {"rules": [node, *_said(path["path"])]}} if path else node

    return each_sidecar(
        snapshots, lambda one: with_http_rules(one, lambda rules: dict(rewritten(rules, change)))
    )


def _said(pattern: Json) -> Iterable[Json]:
    return ({"header": {"name": name, "string_match": pattern}} for name in _PATH_HEADERS)


def _sniffing(snapshots: Snapshots, situation: Situation) -> Snapshots:
    del situation
    return each_sidecar(snapshots, lambda one: with_listeners(one, _with_raw_chain))


def _with_raw_chain(name: str, listener: Resource) -> Resource:
    """Hand plain bytes that are not HTTP to the application; plain HTTP is still turned away."""
    (chain,) = listener["filter_chains"]
    if not is_inbound(name) or "http_filters" not in str(chain):
        return listener
    application = names.application(int(name.rpartition("|")[2]))
    plain = {"transport_protocol": "raw_buffer"}
    return {
        **listener,
        "listener_filters": [
            envoy.extension(f"envoy.filters.listener.{one[0]}", one[1], {}) for one in _INSPECTORS
        ],
        "filter_chains": [
            {**chain, "filter_chain_match": {"transport_protocol": "tls"}},
            _leading(f"{name}|http", {**plain, "application_protocols": _HTTP_PROTOCOLS}, "nowhere"),
            _leading(f"{name}|bytes", plain, application),
        ],
    }


def _leading(name: str, match: Json, cluster: str) -> Json:
    body = {"stat_prefix": name, "cluster": cluster}
    proxy = envoy.extension("envoy.filters.network.tcp_proxy", envoy.TCP_PROXY, body)
    return {"name": name, "filter_chain_match": match, "filters": [proxy]}


FAULTS = (
    Fault(
        name="passes-what-is-not-http",
        says="Bytes that are not HTTP are handed to the application of an HTTP port, whoever sends them.",
        snapshots=_sniffing,
    ),
    Fault(
        name="health-paths-open",
        says="Paths that look like health checks, such as /healthz, are open to every workload in the mesh.",
        snapshots=_exempting({"url_path": {"path": envoy.regex(_HEALTH)}}),
    ),
    Fault(
        name="believes-probe-agent",
        says="A request whose user agent is the kubelet's is let through as a health check.",
        snapshots=_exempting({"header": {"name": "user-agent", "string_match": {"prefix": "kube-probe/"}}}),
    ),
    Fault(
        name="believes-path-headers",
        says="A header that says which path was asked for is believed beside the path itself.",
        snapshots=_believing_paths,
    ),
)
