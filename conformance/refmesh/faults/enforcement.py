"""Meshes that know what is granted, but enforce it in the wrong place or in the wrong way."""

from collections.abc import Iterable
from typing import Any

from conformance.refmesh.faults.client_side import judged_by_callers
from conformance.refmesh.faults.fault import Fault, Situation, Snapshots
from conformance.refmesh.faults.resources import (
    ALLOW_ALL,
    Json,
    each_sidecar,
    is_inbound,
    listener_of,
    rewritten,
    routes_of,
    with_http_rules,
    with_listeners,
    with_lua,
    with_routes,
    with_rules,
)
from conformance.refmesh.snapshot import Resource, Snapshot
from conformance.refmesh.translate import envoy, names, routes

_PLAIN = "|plain"
_TLS_INSPECTOR = "envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector"

# Runs after the application has answered: the call was delivered, only its answer is withheld.
_REPLACE_ANSWER = """
function envoy_on_response(handle)
  local found = handle:streamInfo():dynamicMetadata():get("envoy.filters.http.rbac")
  if found == nil or found["shadow_engine_result"] ~= "denied" then return end
  local names = {}
  for name, _ in pairs(handle:headers()) do table.insert(names, name) end
  for _, name in ipairs(names) do
    if string.sub(name, 1, 1) ~= ":" then handle:headers():remove(name) end
  end
  local size = handle:body(true):setBytes("RBAC: access denied")
  handle:headers():replace(":status", "403")
  handle:headers():replace("content-length", tostring(size))
end
"""


def unguarded(snapshot: Snapshot) -> Snapshot:
    """Let every caller with an identity do everything at the pod's own ports."""

    def listener(name: str, one: Resource) -> Resource:
        return dict(rewritten(one, _any_certificate)) if is_inbound(name) else one

    return with_listeners(with_rules(snapshot, lambda _: ALLOW_ALL), listener)


def _any_certificate(node: Json) -> Json:
    return {key: value for key, value in node.items() if key != "match_typed_subject_alt_names"}


def with_open_doors(snapshot: Snapshot) -> Snapshot:
    """Take plain text at the pod's own ports as well, from anybody, and ask it no questions."""
    opened = with_listeners(snapshot, lambda name, one: _with_plain_chain(one) if is_inbound(name) else one)
    inbound = [one for one in routes_of(snapshot) if is_inbound(listener_of(one))]
    return with_routes(opened, [*(_unasked(one) for one in inbound), *routes_of(snapshot)])


def _unasked(route: Json) -> Json:
    guard = envoy.typed(envoy.HTTP_RBAC_PER_ROUTE, {"rbac": {"rules": ALLOW_ALL}})
    plain = routes.plain_route(f"{listener_of(route)}{_PLAIN}", route["route"]["cluster"])
    return {**plain, "typed_per_filter_config": {names.RBAC: guard}}


def _with_plain_chain(listener: Resource) -> Resource:
    (chain,) = listener["filter_chains"]
    tls = {**chain, "filter_chain_match": {"transport_protocol": "tls"}}
    plain = {key: value for key, value in chain.items() if key != "transport_socket"} | {
        "name": f"{chain['name']}{_PLAIN}",
        "filter_chain_match": {"transport_protocol": "raw_buffer"},
        "filters": [_marked_plain(one) for one in chain["filters"] if "rules" not in one["typed_config"]],
    }
    inspector = envoy.extension("envoy.filters.listener.tls_inspector", _TLS_INSPECTOR, {})
    return {**listener, "listener_filters": [inspector], "filter_chains": [tls, plain]}


def _marked_plain(network_filter: Json) -> Any:
    def change(node: Json) -> Json:
        mark = node.get("inline_string")
        return {**node, "inline_string": f"{mark}{_PLAIN}"} if mark is not None else node

    return rewritten(network_filter, change)


def _accept_unmeshed(snapshots: Snapshots, situation: Situation) -> Snapshots:
    del situation
    return each_sidecar(snapshots, with_open_doors)


def _client_side_only(snapshots: Snapshots, situation: Situation) -> Snapshots:
    opened = each_sidecar(snapshots, lambda one: with_open_doors(unguarded(one)))
    return judged_by_callers(opened, situation)


def _answer_withheld(snapshots: Snapshots, situation: Situation) -> Snapshots:
    del situation
    return each_sidecar(snapshots, _withholding)


def _withholding(snapshot: Snapshot) -> Snapshot:
    def shadow(node: Json) -> Json:
        if "rbac" not in node:
            return node
        return {**node, "rbac": {"shadow_rules": node["rbac"]["rules"]}}

    shadowed = [rewritten(one, shadow) for one in routes_of(snapshot)]
    return with_routes(with_lua(snapshot, _REPLACE_ANSWER), shadowed)


def _pod_address_open(snapshots: Snapshots, situation: Situation) -> Snapshots:
    addresses = {pod.key: pod.address for pod in situation.world.pods}
    return {key: _open_by_address(one, addresses[key]) for key, one in snapshots.items()}


def _open_by_address(snapshot: Snapshot, address: str) -> Snapshot:
    pattern = address.replace(".", r"\.") + r"(:\d+)?"
    by_address = {"header": {"name": ":authority", "string_match": envoy.regex(pattern)}}
    policy = {"permissions": [by_address], "principals": [{"any": True}]}

    def change(node: Json) -> Json:
        if "rbac" not in node:
            return node
        rules = node["rbac"]["rules"]
        return {**node, "rbac": {"rules": {**rules, "policies": {**rules["policies"], "by address": policy}}}}

    return with_routes(snapshot, [rewritten(one, change) for one in routes_of(snapshot)])


def _believe_headers(snapshots: Snapshots, situation: Situation) -> Snapshots:
    del situation
    return each_sidecar(snapshots, lambda one: _keeping_certificates(with_http_rules(one, _believing)))


def _believing(rules: Json) -> Json:
    def policy(written: Json) -> Json:
        said = [new for one in written["principals"] for new in _claims(one)]
        return {**written, "principals": [*written["principals"], *said]}

    return {**rules, "policies": {name: policy(one) for name, one in rules["policies"].items()}}


def _claims(principal: Json) -> Iterable[Json]:
    spiffe = principal.get("authenticated", {}).get("principal_name", {}).get("exact", "")
    if not spiffe:
        return
    _, _, _, _, namespace, _, account = spiffe.split("/")
    # Headers in which meshes hand on who called: Envoy's, and Linkerd's.
    yield {"header": {"name": "x-forwarded-client-cert", "string_match": {"contains": spiffe}}}
    yield {"header": {"name": "l5d-client-id", "string_match": {"prefix": f"{account}.{namespace}."}}}


def _keeping_certificates(snapshot: Snapshot) -> Snapshot:
    def manager(node: Json) -> Json:
        return (
            {**node, "forward_client_cert_details": "ALWAYS_FORWARD_ONLY"} if "http_filters" in node else node
        )

    return with_listeners(snapshot, lambda _, one: dict(rewritten(one, manager)))


def _untidied(snapshots: Snapshots, situation: Situation) -> Snapshots:
    del situation
    untidied = {"normalize_path": False, "path_with_escaped_slashes_action": "KEEP_UNCHANGED"}

    def manager(node: Json) -> Json:
        return {**node, **untidied} if "http_filters" in node else node

    return each_sidecar(
        snapshots, lambda one: with_listeners(one, lambda _, listener: dict(rewritten(listener, manager)))
    )


def _whole_uri(snapshots: Snapshots, situation: Situation) -> Snapshots:
    del situation

    def change(node: Json) -> Json:
        path = node.get("url_path")
        if path is None:
            return node
        return {
            "header": {
                "name": ":path",
                "string_match": envoy.regex(".*" + path["path"]["safe_regex"]["regex"]),
            }
        }

    return each_sidecar(
        snapshots, lambda one: with_http_rules(one, lambda rules: dict(rewritten(rules, change)))
    )


FAULTS = (
    Fault(
        name="client-side-only",
        says="Callers' proxies enforce the grants and the destination none, so who has no proxy gets in.",
        snapshots=_client_side_only,
    ),
    Fault(
        name="accepts-unmeshed-callers",
        says="Callers without a proxy are let in unasked; only those with one are judged.",
        snapshots=_accept_unmeshed,
    ),
    Fault(
        name="delivers-then-denies",
        says="A call that is not granted reaches the application, and only then its answer is replaced by"
        " a 403.",
        snapshots=_answer_withheld,
    ),
    Fault(
        name="opens-pod-address",
        says="Grants are enforced by host name, so a call to the pod's own address is let through.",
        snapshots=_pod_address_open,
    ),
    Fault(
        name="believes-identity-headers",
        says="A header that says who calls is believed, as if the mesh had authenticated it.",
        snapshots=_believe_headers,
    ),
    Fault(
        name="untidied-paths",
        says="Paths are compared as they are sent, so dot segments lead out of a granted path.",
        snapshots=_untidied,
    ),
    Fault(
        name="matches-query-string",
        says="A pathRegex is searched for in the whole URI, so text in the query string grants a path.",
        snapshots=_whole_uri,
    ),
)
